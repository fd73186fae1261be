"""What searches of several seeds have in common: against loops, scipy, scikit-learn and statsmodels."""

from itertools import combinations, pairwise, permutations, product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, hypergeom, kendalltau
from scipy.stats import t as student
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import cochrans_q
from statsmodels.stats.inter_rater import fleiss_kappa
from statsmodels.stats.weightstats import DescrStatsW

from lottery.findings import mask_agreement
from lottery.statistics import agreement

SEEDS = (1, 2, 3)


@pytest.fixture
def runs():
    """Searches, scores and cuts of twelve heads on three tasks; RTE's searches say nothing but one."""
    drawn, rows = np.random.default_rng(0), []
    for task, seed in product(("cola", "sst2", "rte"), SEEDS):
        of = {"of.task": task, "of.seed": seed}
        why = "lost" if task == "rte" and seed > 1 else ""
        common = np.arange(12) < 5 if task == "cola" else np.zeros(12, dtype=bool)
        rows.append(
            {"experiment": "ComponentSearch", "mode": "both", "recipe": "printed", "where": "dev", "degenerate": why}
            | {"of.train_examples": 0, "share": 0.9, "dense_score": 0.9, "majority": 0.5, "kept_mlps": [1, 0]}
            | {"kept_heads": (common | (drawn.random(12) < 0.5)).astype(int).tolist()}
            | of
        )
        if (task, seed) != ("rte", 1):
            rows.append({"experiment": "ComponentScores", "normalised": drawn.random(12).tolist()} | of)
        rows.append({"experiment": "CutNoise", "of.of.task": task, "of.of.seed": seed} | noise(drawn))
    return pd.DataFrame(rows)


def noise(drawn):
    """Two steps, of twelve heads and then of nine."""
    scores = drawn.random(21)
    lows, highs = scores - drawn.random(21) / 10, scores + drawn.random(21) / 10
    places = [*drawn.permutation(12).tolist(), *drawn.permutation(12)[:9].tolist()]
    return {
        "removed_at": [3, 2],
        "left_at": [12, 9],
        "unsure": drawn.random(2).tolist(),
        "agree": drawn.random(2).tolist(),
        "scores": scores.tolist(),
        "lows": lows.tolist(),
        "highs": highs.tolist(),
        "chances": drawn.random(21).tolist(),
        "removed": drawn.integers(2, size=21).tolist(),
        "places": places,
        "lowest_score": drawn.random(),
        "half_scores": drawn.random(4).tolist(),
        "any_scores": drawn.random(4).tolist(),
    }


def holm(p_values):
    """Step by step: the smallest times their number, the next times one fewer, never falling."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, reached = [0.0] * len(p_values), 0.0
    for step, place in enumerate(order):
        reached = max(reached, min(1.0, p_values[place] * (len(p_values) - step)))
        corrected[place] = reached
    return corrected


def kept(runs, task):
    rows = runs[(runs["experiment"] == "ComponentSearch") & (runs["of.task"] == task)]
    return np.array(rows["kept_heads"].tolist(), dtype=bool)


def test_masks_of_a_task_agree_and_the_tests_are_one_family(runs):
    searches = mask_agreement.repeated(runs)
    table = mask_agreement.by_task(searches, draws=19)
    assert table.index.tolist() == ["cola", "sst2"]
    alone = {task: agreement.summary(kept(runs, task).reshape(3, 2, 6), draws=19) for task in table.index}
    for task in table.index:
        counts = kept(runs, task).sum(0)
        assert table.loc[task, "kappa"] == pytest.approx(fleiss_kappa(np.stack([counts, 3 - counts], axis=1)))
    for name in ("kappa_p", "layer_p", "in_all_p", "q_p"):
        assert table[name].tolist() == pytest.approx(holm([alone[task][name] for task in table.index]))


def test_a_task_tells_what_its_sizes_allow_and_what_other_seeds_would_change(runs):
    table = mask_agreement.by_task(mask_agreement.repeated(runs), draws=0)
    for task in table.index:
        heads, line = kept(runs, task), table.loc[task]
        ranked = np.array([[place < size for place in range(12)] for size in heads.sum(1)])
        counts = ranked.sum(0)
        assert line["most"] == pytest.approx(fleiss_kappa(np.stack([counts, 3 - counts], axis=1)))
        without = [cohen_ish(heads[[one, other]]) for one, other in ((1, 2), (0, 2), (0, 1))]
        reach = student.ppf(0.975, 2) * np.sqrt(2 / 3 * np.var(without) * 3)
        assert tuple(line["over_seeds"]) == pytest.approx((line["kappa"], line["kappa"] - reach, line["kappa"] + reach))
        apart = [mcnemar_by_hand(heads[one], heads[other]) < 0.05 for one, other in combinations(range(3), 2)]
        assert (line["pairs"], line["alike_in_size"]) == (3, 3 - sum(apart))
        shared = [
            hypergeom.sf((heads[one] & heads[other]).sum() - 1, 12, heads[one].sum(), heads[other].sum())
            for one, other in combinations(range(3), 2)
        ]
        assert line["sharing_more"] == sum(p < 0.05 for p in holm(shared))


def cohen_ish(pair):
    """Fleiss' kappa of two masks, by statsmodels."""
    counts = pair.sum(0)
    return fleiss_kappa(np.stack([counts, 2 - counts], axis=1))


def mcnemar_by_hand(one, other):
    """The two-sided binomial test of the items that only one of two masks keeps."""
    only, else_only = int((one & ~other).sum()), int((other & ~one).sum())
    return binomtest(only, only + else_only).pvalue if only + else_only else 1.0


def test_two_masks_have_no_interval_over_seeds():
    masks = np.array([[[True, False, True, False]], [[True, True, False, False]]])
    kappa, low, high = mask_agreement.over_seeds(masks)
    assert kappa == pytest.approx(0.0)
    assert np.isnan([low, high]).all()


def test_a_published_kappa_is_held_against_masks_of_its_sizes():
    by_lot, p = mask_agreement.against_lot(0.5, [6, 3, 8], 12, draws=199)
    generator = np.random.default_rng(5)
    drawn = []
    for _ in range(2000):
        counts = np.zeros(12, dtype=int)
        for size in (6, 3, 8):
            counts[generator.choice(12, size, replace=False)] += 1
        drawn.append(fleiss_kappa(np.stack([counts, 3 - counts], axis=1)))
    assert by_lot == pytest.approx(np.mean(drawn), abs=0.04)
    assert p == pytest.approx(np.mean(np.array(drawn) >= 0.5), abs=0.03)
    assert mask_agreement.against_lot(1.0, [6, 6, 6], 12, draws=19)[1] == 1 / 20


@pytest.mark.parametrize(
    ("labels", "blocks"),
    [
        ("abababab", "11223344"),
        ("abcabcabc", "111222333"),
        ("aabab", "11122"),
        ("aabbaabb", "11112222"),
        ("abcab", "11122"),
    ],
)
def test_the_smallest_p_is_that_of_the_deals_that_reach_the_most_extreme_one(labels, blocks):
    """By all deals of random likenesses: the fewest of them that share the greatest difference."""
    names, places = np.array([*labels]), np.array([*blocks])
    groups = [np.flatnonzero(places == block) for block in dict.fromkeys(blocks)]
    deals = set()
    for dealt in product(*({*permutations(names[group])} for group in groups)):
        deal = names.copy()
        for group, some in zip(groups, dealt, strict=True):
            deal[group] = some
        deals.add("".join(deal))
    likeness = np.random.default_rng(0).random((len(names), len(names)))
    across = [(i, j) for i, j in combinations(range(len(names)), 2) if places[i] != places[j]]
    values = [
        np.mean([likeness[i, j] for i, j in across if deal[i] == deal[j]])
        - np.mean([likeness[i, j] for i, j in across if deal[i] != deal[j]])
        for deal in deals
    ]
    reached = np.sum(np.array(values) >= max(values) - 1e-12)
    assert mask_agreement.smallest_p([*labels], [*blocks]) == pytest.approx(reached / len(deals))


def test_masks_of_one_task_are_held_against_those_of_others_at_another_seed(runs):
    rows = runs[(runs["experiment"] == "ComponentSearch") & (runs["of.task"] != "rte")].to_dict("records")
    same, others = [], []
    for one, other in combinations(rows, 2):
        if one["of.seed"] != other["of.seed"]:
            alike = same if one["of.task"] == other["of.task"] else others
            alike.append(cohen_kappa_score(one["kept_heads"], other["kept_heads"]))
    searches = mask_agreement.repeated(runs)
    null = mask_agreement.task_matters(searches, draws=99)
    assert null.observed == pytest.approx(np.mean(same) - np.mean(others))
    assert null.low < null.observed < 1
    assert 0.01 <= null.p <= 1
    assert np.isnan(mask_agreement.task_matters(searches[searches["of.task"] == "cola"], draws=9).observed)


def test_masks_that_keep_everything_count_as_unlike(runs):
    searches = mask_agreement.repeated(runs)
    whole = searches.assign(kept_heads=[[1] * 12] * len(searches))
    assert mask_agreement.task_matters(whole, draws=9).observed == 0


def test_what_the_task_gives_has_the_interval_of_a_jackknife():
    kinship = pd.DataFrame(
        {"same_task": [0.30, 0.33, 0.28, 0.29], "neither": [0.10, 0.11, 0.12, 0.10]}, index=["none", "1", "2", "3"]
    )
    without = [0.22, 0.16, 0.19]
    error = np.sqrt(2 / 3 * sum((value - 0.19) ** 2 for value in without))
    reach = student.ppf(0.975, 2) * error
    assert mask_agreement.given_by_the_task(kinship) == pytest.approx((0.2, 0.2 - reach, 0.2 + reach))


def test_masks_by_lot_differ_in_kappa_and_sizes_in_cochrans_q():
    generator = np.random.default_rng(0)
    nested = np.arange(40)[:, None] < np.array([8, 20, 30])
    found = mask_agreement.simulated([8, 20, 30], 40, by_lot=False, times=1, generator=generator)
    assert found["rejects"] == float(cochrans_q(nested.astype(int)).pvalue < 0.05) == 1
    counts = nested.sum(1)
    assert found["kappa"] == pytest.approx(fleiss_kappa(np.stack([counts, 3 - counts], axis=1)))
    by_lot = mask_agreement.simulated([20, 20, 20], 40, by_lot=True, times=200, generator=generator)
    assert by_lot["rejects"] < 0.1
    assert abs(by_lot["kappa"]) < 0.05
    assert mask_agreement.simulated([8, 8, 8], 40, by_lot=False, times=1, generator=generator) == {
        "rejects": 0, "kappa": 1,
    }  # fmt: skip


def test_rankings_are_compared_seed_by_seed(runs):
    table = mask_agreement.rankings(mask_agreement.scored(runs)).set_index("task")
    assert table["seeds"].tolist() == [3, 3, 2]
    for task in ("cola", "sst2", "rte"):
        rows = runs[(runs["experiment"] == "ComponentScores") & (runs["of.task"] == task)]["normalised"].tolist()
        taus = [kendalltau(one, other).statistic for one, other in combinations(rows, 2)]
        overlaps = [agreement.rank_biased_overlap(one, other) for one, other in combinations(rows, 2)]
        for name, values in (("kendall", taus), ("rbo", overlaps)):
            assert table.loc[task, [f"{name}_{how}" for how in ("mean", "min", "max")]].tolist() == pytest.approx(
                [np.mean(values), min(values), max(values)]
            )
    drawn = np.random.default_rng(5)
    lots = [drawn.permutation(12) for _ in range(2000)]
    by_lot = np.mean([agreement.rank_biased_overlap(one, other) for one, other in pairwise(lots)])
    assert (abs(table["rbo_by_lot"] - by_lot) < 0.05).all()
    assert mask_agreement.scored(runs[runs["experiment"] == "CutNoise"]).empty


def test_cuts_are_judged_head_by_head(runs):
    cuts = mask_agreement.cut_steps(runs)
    assert cuts[["of.of.task", "of.of.seed"]].to_numpy().tolist() == [
        ["cola", 1], ["cola", 2], ["cola", 3], ["sst2", 1], ["sst2", 2], ["sst2", 3], ["rte", 1],
    ]  # fmt: skip
    table = mask_agreement.certainty(cuts).set_index("task")
    for task in ("cola", "sst2"):
        rows = cuts[cuts["of.of.task"] == task].to_dict("records")
        line = table.loc[task]
        assert line["searches"] == 3
        assert line["unsure"] == pytest.approx(np.mean([row["unsure"] for row in rows]))
        assert line["again"] == pytest.approx(np.mean([row["agree"] for row in rows]))
        assert line["by_lot"] == pytest.approx((3 / 12 + 2 / 9) / 2)
        of_head = [dict(zip(row["places"][:12], range(12), strict=True)) for row in rows]
        between = [
            np.var([row["scores"][at[head]] for row, at in zip(rows, of_head, strict=True)], ddof=1)
            for head in range(12)
        ]
        by_examples = [
            ((high - low) / (2 * 1.96)) ** 2
            for row in rows
            for low, high in zip(row["lows"][:12], row["highs"][:12], strict=True)
        ]
        assert line["seeds_over_examples"] == pytest.approx(np.sqrt(np.mean(between) / np.mean(by_examples)))
        for name, scores in (("lower_half", "half_scores"), ("any", "any_scores")):
            judged = DescrStatsW([100 * (np.mean(row[scores]) - row["lowest_score"]) for row in rows])
            assert line[name] == pytest.approx((judged.mean, *judged.tconfint_mean()))
    assert np.isnan(table.loc["rte", "seeds_over_examples"])
    first, second = mask_agreement.heads_at_steps(cuts.iloc[0])
    assert (len(first), len(second)) == (12, 9)
    assert second["scores"].tolist() == sorted(cuts.iloc[0]["scores"][12:])
