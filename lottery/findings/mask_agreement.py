"""Whether searches with different seeds find the same: masks of one task, rankings of heads, and how sure a cut is.

Tables are of runs of `ComponentSearch`, `ComponentScores` and `CutNoise`, a row a run.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise
from math import factorial, prod

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.findings.searches import judged, masks
from lottery.statistics import Estimate, agreement
from lottery.statistics.agreement import Null

TESTS = ("kappa_p", "layer_p", "in_all_p", "q_p")
NORMAL = 3.92  # standard deviations between the ends of the middle 95% of a normal distribution


def repeated(runs: pd.DataFrame) -> pd.DataFrame:
    """The standard searches that say something, of tasks that have two or more."""
    rows = judged(runs)
    return rows[rows.groupby("of.task")["of.seed"].transform("size") > 1]


def by_task(searches: pd.DataFrame, *, draws: int) -> pd.DataFrame:
    """Agreement on heads of the searches of each task: a row a task, columns as of `agreement.summary`.

    searches  as of `repeated`
    draws     of masks at random
    returns   beside these over_seeds, kappa as an Estimate for other seeds; most, the kappa that the sizes allow;
              q_alone, the p of Q without a correction; pairs, how many there are; alike_in_size, those of them that
              McNemar's exact test does not tell apart at .05; sharing_more, those that share more heads than by chance,
              after Holm for the pairs
    The p values, TESTS, are corrected for the number of tasks, after Holm.
    """
    lines = {}
    for task, rows in searches.groupby("of.task", sort=False):
        heads = masks(rows)[0]
        pairs = agreement.pairs(heads, range(len(heads)))
        lines[task] = agreement.summary(heads, draws=draws) | {
            "over_seeds": over_seeds(heads),
            "most": most(heads.reshape(len(heads), -1).sum(1), heads[0].size),
            "q_alone": agreement.cochran(heads).p,
            "pairs": len(pairs),
            "alike_in_size": int((pairs["mcnemar_p"] >= 0.05).sum()),
            "sharing_more": int((pairs["overlap_holm"] < 0.05).sum()),
        }
    table = pd.DataFrame.from_dict(lines, orient="index")
    return table.assign(**{name: stats.holm(table[name].tolist()) for name in TESTS})


def over_seeds(heads: np.ndarray) -> Estimate:
    """Fleiss' kappa of masks, with the 95% interval of a jackknife over them; without one for fewer than three.

    heads  (masks, layers, width), bool
    """
    kappa = agreement.fleiss_kappa(heads)
    without = [agreement.fleiss_kappa(np.delete(heads, place, axis=0)) for place in range(len(heads))]
    if len(heads) < 3 or np.isnan(without).any():
        return Estimate(kappa, float("nan"), float("nan"))
    return stats.jackknife_interval(kappa, without)


def most(sizes: Sequence[int], items: int) -> float:
    """The Fleiss' kappa that masks of given sizes have at most: that of one ranking, cut at each size."""
    return agreement.fleiss_kappa(_nested(sizes, items))


def against_lot(kappa: float, sizes: Sequence[int], items: int, *, draws: int) -> tuple[float, float]:
    """What a published kappa is to be compared with: the mean by chance, and the share of draws that reach it, p.

    sizes   of the masks that it is of, (masks,), which are all that has to be known of them
    draws   of masks of these sizes that keep any items; the published ones count as one draw (Phipson & Smyth 2010)
    """
    generator, nested = np.random.default_rng(0), _nested(sizes, items)
    drawn = np.array([agreement.fleiss_kappa(generator.permuted(nested, axis=1)) for _ in range(draws)])
    return float(drawn.mean()), (1 + int((drawn >= kappa - 1e-12).sum())) / (1 + draws)


def _nested(sizes: Sequence[int], items: int) -> np.ndarray:
    """Masks of one ranking, (masks, items)."""
    return np.arange(items) < np.asarray(sizes)[:, None]


def smallest_p(labels: Sequence[Hashable], blocks: Sequence[Hashable]) -> float:
    """The smallest p that permuting labels inside each block can give, however far apart the labels are.

    labels, blocks  of each item, as of `agreement.labels_matter`
    A block's labels can be permuted in as many ways as they have orders, told apart; and labels that stand equally
    often in each block can change places everywhere, which leaves all as it was. So many of all the permutations reach
    what was observed, whatever it is.
    """
    counts = _by_block(labels, blocks)
    alike = Counter(tuple(each[label] for each in counts) for label in dict.fromkeys(labels))
    return prod(map(factorial, alike.values())) / deals(labels, blocks)


def deals(labels: Sequence[Hashable], blocks: Sequence[Hashable]) -> int:
    """In how many ways labels can be permuted inside each block, those that look alike counted once.

    >>> deals("aab" + "ab", "11122")
    6
    """
    counts = _by_block(labels, blocks)
    return prod(factorial(each.total()) // prod(map(factorial, each.values())) for each in counts)


def _by_block(labels: Sequence[Hashable], blocks: Sequence[Hashable]) -> list[Counter]:
    """How often each label stands in each block."""
    places: dict[Hashable, list[Hashable]] = {}
    for label, block in zip(labels, blocks, strict=True):
        places.setdefault(block, []).append(label)
    return [Counter(names) for names in places.values()]


def task_matters(searches: pd.DataFrame, *, draws: int) -> Null:
    """How much more alike masks of one task are than masks of two, of different seeds, by Cohen's kappa over heads.

    As `agreement.labels_matter`: the null deals the tasks out anew among the masks of each seed. A kappa that is not
    defined, of masks that both keep all or nothing, counts as 0. NaN where there are no two tasks or no two seeds.
    """
    pairs = agreement.pairs(masks(searches)[0], range(len(searches)))
    kappas = np.full((len(searches), len(searches)), np.nan)
    kappas[pairs["one"], pairs["other"]] = kappas[pairs["other"], pairs["one"]] = pairs["kappa"].fillna(0)
    tasks, seeds = searches["of.task"].tolist(), searches["of.seed"].tolist()
    return agreement.labels_matter(kappas, tasks, seeds, draws=draws, seed=0)


def given_by_the_task(kinship: pd.DataFrame) -> Estimate:
    """How much higher the kappa of two masks of one task is than that of two which share neither task nor seed.

    kinship   means of kappa, same_task and neither, over all pairs, in the row "none", and without each seed
    returns   with the 95% interval of a jackknife over the seeds
    """
    more = kinship["same_task"] - kinship["neither"]
    return stats.jackknife_interval(more["none"], more.drop("none"))


def simulated(sizes: Sequence[int], items: int, *, by_lot: bool, times: int, generator: np.random.Generator) -> dict:
    """What Cochran's Q and kappa say of masks of given sizes.

    sizes    of the masks, (masks,), each at most `items`
    by_lot   True: each mask is drawn; False: each keeps the first ones of one ranking, so that all agree as sizes let
    times    sets of masks; those of one ranking need one
    returns  rejects, the share of the sets of which Q says at .05 that sizes differ; kappa, Fleiss', mean. Of masks
             that are equal there is nothing to test, which counts as no rejection
    """
    nested = _nested(sizes, items)
    sets = [
        generator.permuted(nested, axis=1) if by_lot else nested[:, generator.permutation(items)] for _ in range(times)
    ]
    rejected = [agreement.cochran(some).p < 0.05 for some in sets]
    return {"rejects": float(np.mean(rejected)), "kappa": float(np.mean([agreement.fleiss_kappa(one) for one in sets]))}


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """The scores of heads of full models, of tasks with two seeds or more."""
    rows = runs[runs["experiment"] == "ComponentScores"]
    return rows[rows.groupby("of.task")["of.seed"].transform("size") > 1] if len(rows) else rows


def rankings(scores: pd.DataFrame) -> pd.DataFrame:
    """Kendall's tau and rank-biased overlap of the rankings of heads of every two seeds, a row a task.

    scores   as of `scored`
    returns  task, seeds; kendall and rbo, each with the suffixes _mean, _min and _max over the pairs; rbo_by_lot, its
             mean over 99 pairs of rankings at random
    """
    generator, lines = np.random.default_rng(0), []
    for task, rows in scores.groupby("of.task", sort=False):
        normalised = np.array(rows["normalised"].tolist())
        pairs = agreement.rankings(normalised, rows["of.seed"].tolist())
        lots = generator.permuted(np.tile(np.arange(normalised.shape[1]), (100, 1)), axis=1)
        by_lot = np.mean([agreement.rank_biased_overlap(one, other) for one, other in pairwise(lots)])
        spread = {
            f"{name}_{how}": pairs[name].agg(how) for name in ("kendall", "rbo") for how in ("mean", "min", "max")
        }
        lines.append({"task": task, "seeds": len(rows)} | spread | {"rbo_by_lot": by_lot})
    return pd.DataFrame(lines)


def cut_steps(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of CutNoise of the standard searches that say something."""
    rows, sound = runs[runs["experiment"] == "CutNoise"], judged(runs)
    models = set(zip(sound["of.task"], sound["of.seed"], strict=True))
    return rows[[model in models for model in zip(rows["of.of.task"], rows["of.of.seed"], strict=True)]]


def heads_at_steps(cut: pd.Series) -> list[pd.DataFrame]:
    """The heads that were there at each step of one search, a row of `cut_steps`, lowest first."""
    names = ["scores", "lows", "highs", "chances", "removed", "places"]
    heads, ends = pd.DataFrame({name: cut[name] for name in names}), np.cumsum(cut["left_at"])
    return [heads[end - count : end].sort_values("scores") for count, end in zip(cut["left_at"], ends, strict=True)]


def seeds_over_examples(cuts: pd.DataFrame) -> float:
    """How far a head's first importance moves with the seed, over how far with the examples, of searches of one task.

    The root of the variance between seeds over that by examples, each a mean over the heads; NaN for one search. As if
    examples moved it normally: their standard deviation is taken from the middle 95%.
    """
    first = [heads_at_steps(cut)[0].sort_values("places") for _, cut in cuts.iterrows()]
    if len(first) < 2:
        return float("nan")
    seeds = np.array([step["scores"] for step in first]).var(0, ddof=1).mean()
    examples = np.mean([((step["highs"] - step["lows"]) / NORMAL) ** 2 for step in first])
    return float(np.sqrt(seeds / examples))


def certainty(cuts: pd.DataFrame) -> pd.DataFrame:
    """How sure the cuts of searches are, a row a task.

    cuts     as of `cut_steps`
    returns  task, searches; means over steps, then searches, of unsure, the share of unsure heads, of again, the share
             of the removed heads that two draws of the examples both remove, and of by_lot, what two choices at random
             would; seeds_over_examples, as that function; lower_half and any, points of score by which heads removed at
             random, from the lower half or from all, do better than the lowest, an Estimate over the searches, paired
    """
    lines = []
    for task, rows in cuts.groupby("of.of.task", sort=False):
        by_lot = [np.divide(cut["removed_at"], cut["left_at"]).mean() for cut in rows.to_dict("records")]
        line = {"task": task, "searches": len(rows), "unsure": rows["unsure"].map(np.mean).mean()}
        line |= {"again": rows["agree"].map(np.mean).mean(), "by_lot": np.mean(by_lot)}
        line |= {"seeds_over_examples": seeds_over_examples(rows)}
        for name, scores in (("lower_half", "half_scores"), ("any", "any_scores")):
            line[name] = stats.paired_difference(100 * rows[scores].map(np.mean), 100 * rows["lowest_score"])
        lines.append(line)
    return pd.DataFrame(lines)
