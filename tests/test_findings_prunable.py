"""Made-up models of other texts, languages and scopes: which are compared, and curves against lines by hand."""

import json

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from lottery import miniature
from lottery.findings import foretelling, prunable, scopes
from lottery.statistics import stopping

SEEDS, SPARSITIES = (1, 2, 3), (0.0, 0.3, 0.6)
MATRICES = [
    f"{name}.weight" for name in ("embeddings.word_embeddings", "encoder.layer.0.attention.self.key", "pooler.dense")
]


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


def models(seed: int, sparsity: float, tasks, *, scope="local", documents=0, nouns=0, examples=(0,)) -> list[dict]:
    """A pruned model and the models fine-tuned from it."""
    start = {"scope": scope, "sparsity": sparsity, "start.documents": documents, "start.nouns": nouns, "seed": seed}
    return [
        {"experiment": "GradualPruning", **start},
        *(
            {"experiment": "FineTuning", "task": task, "seed": seed, "train_examples": number}
            | {f"start.{name}": value for name, value in start.items()}
            for task in tasks
            for number in examples
        ),
    ]


@pytest.fixture
def runs():
    """Usual models of three tasks; others of two tasks, with less text and few examples, more nouns, global scope."""
    rows = []
    for seed in SEEDS:
        for sparsity in SPARSITIES:
            rows += models(seed, sparsity, ("cola", "sst2", "qnli"))
            for documents in (700, 0):
                rows += models(seed, sparsity, ("cola", "sst2"), documents=documents, examples=(300, 0))
        for sparsity in SPARSITIES[:2]:
            rows += models(seed, sparsity, ("sst2", "qnli"), nouns=390)
        rows += models(seed, 0.6, ("sst2", "qnli"), scope="global")
        for sparsity in SPARSITIES[1:]:
            rows.append({"experiment": "FeatureDrift", "pruned.seed": seed, "pruned.sparsity": sparsity})
            for scope in ("local", "global"):
                shares = [0.4, 0.5, 1.0 if scope == "global" and seed == 2 else 0.6]
                rows.append({"experiment": "MatrixShares", "kept.sparsity": sparsity, "kept.scope": scope})
                rows[-1] |= {"kept.seed": seed, "sizes": [1000, 200, 100], "shares": shares}
                rows[-1] |= {"matrices": MATRICES}
    generator = np.random.default_rng(0)
    table = pd.DataFrame({json.dumps(row): row for row in rows}.values())  # some models are made twice
    for name in ("accuracy", "mlm_loss", "cosine"):
        table[name] = generator.uniform(0.6, 0.9, len(table))
    return table


def counts(rows: pd.DataFrame, *names: str) -> dict:
    return {name: sorted(set(rows[name])) for name in names}


def test_other_texts_languages_and_scopes_are_held_against_the_usual_of_the_same_tasks(runs):
    text = prunable.by_text(runs)
    assert counts(text, "documents", "task", "train_examples", "nouns") == {
        "documents": [700, miniature.DOCUMENTS],
        "task": ["cola", "sst2"],
        "train_examples": [0, 300],
        "nouns": [miniature.NOUNS],
    }
    assert len(text) == 3 * 3 * 2 * 2 * 2
    pruned, tuned = prunable.by_language(runs)
    assert counts(tuned, "nouns", "task", "sparsity") == {
        "nouns": [miniature.NOUNS, 390],
        "task": ["qnli", "sst2"],
        "sparsity": [0.0, 0.3],
    }
    assert (len(pruned), len(tuned)) == (3 * 2 * 2, 3 * 2 * 2 * 2)
    scope = prunable.by_scope(prunable.tuned(runs))
    assert counts(scope, "scope", "task", "sparsity") == {
        "scope": ["global", "local"],
        "task": ["qnli", "sst2"],
        "sparsity": [0.6],
    }
    assert len(prunable.by_scope(prunable.pruned(runs))) == 3 * 2
    assert len(prunable.usual(prunable.tuned(runs))) == 3 * 3 * 3


def test_a_curve_leaves_its_control_on_the_line_between_two_points():
    index = pd.MultiIndex.from_product([["a", "b"], [1]], names=["by", "seed"])
    curves = pd.DataFrame([[0.8, 0.79, 0.75], [0.6, 0.61, 0.60]], index, [0.0, 0.3, 0.6])
    # a: 2 points are lost between 30 % (1 point) and 60 % (5 points), at a quarter of the way; b: never
    assert prunable.share(curves).tolist() == pytest.approx([0.3 + 0.3 / 4, 0.6])
    # a gained 30 points over guessing, so 3 are allowed, at half of the way; b gained 10, so 1 is
    assert prunable.share_of_gain(curves, 0.5).tolist() == pytest.approx([0.3 + 0.3 / 2, 0.6])
    assert np.isnan(prunable.share_of_gain(curves, 0.7)["b", 1])
    losses = pd.DataFrame([[2.0, 2.02, 2.42]], index[:1], [0.0, 0.3, 0.6])
    ends = prunable.first_above(prunable.rises(losses), prunable.RISE)
    assert ends.tolist() == pytest.approx([0.3 + 0.3 * (0.05 - 0.01) / (0.21 - 0.01)])


def test_means_over_tasks_make_a_curve_each_seed_and_guessing_is_one_of_its_classes(runs):
    curves = prunable.curves(prunable.by_text(runs), ["documents", "train_examples"])
    rows = runs[(runs["start.start.documents"] == 700) & (runs["train_examples"] == 300)]
    for seed, curve in curves.loc[(700, 300)].iterrows():
        for sparsity, mean in curve.items():
            some = rows[(rows["seed"] == seed) & (rows["start.sparsity"] == sparsity)]
            assert mean == pytest.approx(sum(some["accuracy"]) / 2)
    points = prunable.points(curves, "accuracy")
    assert len(points) == curves.size
    point = points.iloc[7]
    name = tuple(point[["documents", "train_examples", "seed"]])
    assert point["accuracy"] == curves.loc[name, point["sparsity"]]
    assert prunable.guessing(pd.DataFrame({"task": ["mnli", "cola", "mnli"]})) == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_more_examples_are_held_against_few_with_little_text_and_with_much():
    values = pd.DataFrame(
        {300: [0.5, 0.6, 0.7, 0.4, 0.4, 0.5], 0: [0.3, 0.45, 0.5, 0.41, 0.39, 0.5]},
        pd.MultiIndex.from_product([[700, 14000], SEEDS], names=["documents", "seed"]),
    )
    more = prunable.more_examples(values)
    assert prunable.over_seeds(more)[700] == pytest.approx(t_interval([-0.2, -0.15, -0.2]))
    effect = prunable.text_effect(more)
    assert effect.least == pytest.approx(t_interval([-0.2, -0.15, -0.2]))
    assert effect.contrast == pytest.approx(t_interval([-0.21, -0.14, -0.2]))
    assert effect.sign == 1
    assert prunable.text_effect(-more).sign == -1
    assert prunable.text_effect(more + 0.5).sign == 0  # more with much text, but not less with little
    assert prunable.text_effect(more.mul([1, -1, 1], axis=0)).sign == 0


def test_the_richest_language_is_held_against_the_poorest():
    values = pd.Series(
        [0.9, 0.8, 0.7, 0.1, 0.1, 0.1, 0.5, 0.6, 0.4],
        pd.MultiIndex.from_product([[97, 195, 390], SEEDS], names=["nouns", "seed"]),
    )
    assert prunable.richest_minus_poorest(values) == pytest.approx(t_interval([-0.4, -0.2, -0.3]))


def test_scopes_are_tested_at_each_sparsity_and_corrected(runs):
    rows = pd.concat(
        [runs, pd.DataFrame([row for seed in SEEDS for row in models(seed, 0.3, ("sst2", "qnli"), scope="global")])],
        ignore_index=True,
    )
    generator = np.random.default_rng(1)
    rows["accuracy"] = 0.7 + generator.normal(0, 0.003, len(rows))
    rows["mlm_loss"] = 2 + generator.normal(0, 0.01, len(rows))
    table = scopes.tested(rows)
    assert table.index.tolist() == [0.3, 0.6]
    pruned, tuned = (
        prunable.usual(prunable.pruned(rows), but="scope"),
        prunable.usual(prunable.tuned(rows), but="scope"),
    )
    p_values = []
    for sparsity, line in table.iterrows():
        mean = tuned[(tuned["sparsity"] == sparsity) & (tuned["task"] != "cola")].groupby(["scope", "seed"])["accuracy"]
        loss = pruned[pruned["sparsity"] == sparsity].set_index(["scope", "seed"])["mlm_loss"].sort_index()
        more = mean.mean()["global"] - mean.mean()["local"]
        assert line["accuracy"] == pytest.approx(t_interval(more))
        assert line["loss"] == pytest.approx(t_interval(loss["global"] - loss["local"]))
        p_values.append(ttost_paired(more, 0 * more, -0.01, 0.01)[0])
    assert table["p"].tolist() == pytest.approx(multipletests(p_values, method="holm")[1])


def test_every_matrix_of_a_cut_has_its_row(runs):
    table = scopes.matrix_shares(runs)
    assert len(table) == 3 * 2 * 2 * 3
    row = table[(table["seed"] == 2) & (table["scope"] == "global") & (table["part"] == "pooler")].iloc[0]
    assert row[["share", "size", "removed"]].tolist() == [1.0, 100, 100.0]
    removed = table.groupby("part")["removed"].sum()
    assert removed["word embeddings"] == pytest.approx(12 * 400)
    assert set(table["part"]) == {"word embeddings", "layers", "pooler"}


def test_drops_are_foretold_by_the_tasks_that_were_not_left_out(runs):
    drops = foretelling.dropped(runs)
    assert len(drops) == 3 * 3 * 3
    usual = prunable.usual(prunable.tuned(runs))
    for row in drops.to_dict("records"):
        mine = usual[(usual["task"] == row["task"]) & (usual["seed"] == row["seed"])].set_index("sparsity")["accuracy"]
        assert row["drop"] == pytest.approx(100 * (mine[0.0] - mine[row["sparsity"]]))
        losses = prunable.usual(prunable.pruned(runs)).query(f"seed == {row['seed']}").set_index("sparsity")["mlm_loss"]
        assert row["mlm_rise"] == pytest.approx(100 * (losses[row["sparsity"]] / losses[0.0] - 1))
        drift = runs[(runs["pruned.seed"] == row["seed"]) & (runs["pruned.sparsity"] == row["sparsity"])]["cosine"]
        assert row["turned"] == pytest.approx(1 - drift.iloc[0]) if row["sparsity"] else np.isnan(row["turned"])
    errors = foretelling.errors(drops)
    assert len(errors) == 3 * 3 * 2
    cut = drops[drops["sparsity"] > 0]
    for place, row in errors.iterrows():
        others = cut[cut["task"] != row["task"]]
        assert row["none"] == pytest.approx(abs(cut.loc[place, "drop"]))
        assert row["others"] == pytest.approx(
            abs(cut.loc[place, "drop"] - others.loc[others["sparsity"] == row["sparsity"], "drop"].mean())
        )
        slope, height = np.polyfit(others["turned"].astype(float), others["drop"], 1)
        line = height + slope * cut.loc[place, "turned"]
        assert row["turned"] == pytest.approx(abs(cut.loc[place, "drop"] - line))
    means = errors.groupby("seed")[["mlm_rise", "others", "none"]].mean()
    farther = foretelling.against(errors, "mlm_rise")
    assert farther["others"] == pytest.approx(t_interval(means["mlm_rise"] - means["others"]))
    assert farther["none"] == pytest.approx(t_interval(means["mlm_rise"] - means["none"]))
    assert len(stopping.rule(drops, "mlm_rise", 2.0)) == 9
