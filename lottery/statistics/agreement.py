"""Whether masks agree that were found with different seeds, on different tasks or by different methods.

Every function takes masks of one shape in one array, (masks, items) or (masks, layers, width), of bools or of zeros and
ones, True where a head, an MLP or a weight is kept; `lottery.masks.stacked` makes it of masks by name, and ValueError
says so where something else is given. What the masks cannot tell is NaN; `reason` says why. Fleiss 1971 for more than
two masks; Prasanna et al. 2020 (arXiv:2005.00561, section 5.1) take kappa and Cochran's Q over heads.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.stats import chi2, hypergeom, kendalltau
from statsmodels.stats.contingency_tables import mcnemar

from lottery.masks import Mask, jaccard, kappa
from lottery.statistics import Interval, holm

PAIR = ("one", "other", "shared", "expected", "overlap_p", "jaccard", "kappa", "mcnemar_p")


class Null(NamedTuple):
    """A statistic beside what masks of the same sizes give that choose at random.

    observed         of the masks given
    mean, low, high  over the draws, the last two bounding the middle 95%
    p                share of the draws, the masks given among them, that reach what was observed
    """

    observed: float
    mean: float
    low: float
    high: float
    p: float


UNDEFINED = Null(*[float("nan")] * 5)


class Rate(NamedTuple):
    """Cochran's Q, chi-square with `freedom` degrees under the null that every mask keeps as many."""

    q: float
    freedom: int
    p: float


def reason(masks: np.ndarray) -> str:
    """Why these masks say little or nothing of agreement; "" where nothing speaks against it."""
    if len(masks) < 2:
        return f"there is {len(masks)} mask: agreement needs two"
    kept = _rows(masks)
    everything, nothing = int(kept.all(1).sum()), int((~kept.any(1)).sum())
    if everything + nothing:
        return f"of {len(masks)} masks {nothing} keep nothing and {everything} everything, which is no choice"
    return ""


def fleiss_kappa(masks: np.ndarray) -> float:
    """Agreement beyond what shares alone would give, at most 1; NaN for one mask, and where all keep all or nothing."""
    return float(_kappa(_histogram(masks)))


def kappa_interval(masks: np.ndarray, *, seed: int) -> Interval:
    """The 95% percentile bootstrap interval of Fleiss' kappa over the items: for other heads, not for other seeds.

    NaN where kappa is. An item enters kappa by the number of masks that keep it alone, so whole histograms are drawn.
    """
    histogram = _histogram(masks)
    if np.isnan(_kappa(histogram)):
        return Interval(np.nan, np.nan)
    draws = np.random.default_rng(seed).multinomial(histogram.sum(), histogram / histogram.sum(), size=9999)
    low, high = np.nanquantile(_kappa(draws), [0.025, 0.975])
    return Interval(float(low), float(high))


def _boolean(masks: np.ndarray) -> np.ndarray:
    """The masks in bools. Raises ValueError for what is no array of masks."""
    if not isinstance(masks, np.ndarray) or masks.ndim < 2:
        raise ValueError(
            f"agreement takes one array, (masks, items) or (masks, layers, width), and was given {_in_short(masks)}: "
            "lottery.masks.stacked makes such arrays of a list of masks by name"
        )
    if masks.dtype == bool:
        return masks
    if not ((masks == 0) | (masks == 1)).all():
        raise ValueError("the array of masks holds other numbers than 0 and 1: give True, or 1, where an item is kept")
    return masks.astype(bool)


def _in_short(masks: object) -> str:
    return f"an array of shape {masks.shape}" if isinstance(masks, np.ndarray) else f"a {type(masks).__name__}"


def _rows(masks: np.ndarray) -> np.ndarray:
    """The masks in bools, (masks, items)."""
    return _boolean(masks).reshape(len(masks), -1)


def _histogram(masks: np.ndarray) -> np.ndarray:
    """How many items none, one, ... all masks keep, (masks + 1,)."""
    return np.bincount(_rows(masks).sum(0), minlength=len(masks) + 1)


def _kappa(histograms: np.ndarray) -> np.ndarray:
    """Fleiss' kappa of histograms, (..., raters + 1); statsmodels takes one table at a time, and that of all items."""
    raters = histograms.shape[-1] - 1
    if raters < 2:
        return np.full(histograms.shape[:-1], np.nan)
    kept = np.arange(raters + 1)
    items = histograms.sum(-1)
    share = (histograms * kept).sum(-1) / (items * raters)
    pairs = kept * (kept - 1) + (raters - kept) * (raters - kept - 1)
    agreed = (histograms * pairs).sum(-1) / (items * raters * (raters - 1))
    expected = share**2 + (1 - share) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected < 1, (agreed - expected) / (1 - expected), np.nan)


class Within(NamedTuple):
    """Agreement of two masks beyond what the shares they keep of each group would give, as of each matrix or row.

    kappa  (agreed - expected) / (1 - expected), at most 1: Cohen's, its chance level taken inside the groups
    sd     of kappa if in each group as many were kept, but any of them; its mean is 0 then
    """

    kappa: float
    sd: float


def kappa_within(one: Iterable[np.ndarray], other: Iterable[np.ndarray]) -> Within:
    """Agreement of two masks inside groups of items, exactly, without a draw: masks of weights have millions of items.

    one, other  boolean arrays, (groups, items), of pairwise one shape; groups of one array are of one size
    With all items in one group it is Cohen's kappa. NaN where every group keeps all of its items or none in both masks,
    so that nothing is left to agree on. The number that two masks share in a group is hypergeometric.
    """
    disagreed = expected = variance = 0.0
    for left, right in zip(one, other, strict=True):
        size = left.shape[1]
        kept, too = (mask.sum(1, dtype=np.int64).astype(float) for mask in (left, right))
        disagreed += float((left != right).sum())
        expected += float((kept * (size - too) + too * (size - kept)).sum()) / size
        if size > 1:
            variance += float((kept * too * (size - kept) * (size - too)).sum()) / (size**2 * (size - 1))
    if not expected:
        return Within(np.nan, np.nan)
    # Each item shared more is two disagreements fewer.
    return Within(1 - disagreed / expected, 2 * np.sqrt(variance) / expected)


def cochran(masks: np.ndarray) -> Rate:
    """Cochran's Q over items: do all masks keep as many? Of *which* ones they keep it says nothing.

    NaN for one mask, and where no item is kept by some masks and not by others. Cochran 1950; in sums over masks and
    over the numbers of masks that keep an item, since masks of weights have millions of items.
    """
    number, histogram = len(masks), _histogram(masks)
    sizes = _rows(masks).sum(1, dtype=np.int64)
    kept = np.arange(number + 1)
    spread = int((histogram * kept * (number - kept)).sum())
    if not spread:
        return Rate(np.nan, max(number - 1, 0), np.nan)
    q = (number - 1) * float(number * (sizes**2).sum() - sizes.sum() ** 2) / spread
    return Rate(q, number - 1, float(chi2.sf(q, number - 1)))


def mean_jaccard(masks: np.ndarray) -> float:
    """Items that two masks share over those that either keeps, mean over the pairs; NaN where a pair keeps nothing."""
    shares = [jaccard(one, other) for one, other in combinations(_singly(masks), 2)]
    return float(np.mean(shares)) if shares else float("nan")


def _singly(masks: np.ndarray) -> list[Mask]:
    """Each as a mask of one tensor, which shares the array's memory."""
    return [{"": kept} for kept in torch.from_numpy(_boolean(masks))]


def in_all(masks: np.ndarray) -> float:
    """The number of items that every mask keeps."""
    return float(_rows(masks).all(0).sum())


def by_lot(masks: np.ndarray) -> float:
    """The number of items that every mask would keep on average if each kept as many as it does, but any of them."""
    kept = _rows(masks)
    return float(kept.shape[1] * kept.mean(1).prod())


def null(
    masks: np.ndarray,
    statistic: Callable[[np.ndarray], float],
    *,
    by_layer: bool = False,
    draws: int = 999,
    seed: int,
) -> Null:
    """A statistic of masks against that of masks of the same sizes drawn at random, one-sided: more than by chance.

    by_layer  True: every mask, (layers, width), keeps as many in each layer as it does, so that agreement on layers
              alone is part of the null
    NaN where the statistic of the masks is.
    """
    kept = _boolean(masks) if by_layer else _rows(masks)
    observed = float(statistic(kept))
    if np.isnan(observed):
        return UNDEFINED
    generator = np.random.default_rng(seed)
    return _beside(observed, np.array([statistic(generator.permuted(kept, axis=-1)) for _ in range(draws)]))


def labels_matter(
    similarities: np.ndarray, labels: Sequence[object], blocks: Sequence[object], *, draws: int = 999, seed: int
) -> Null:
    """How much more alike masks of one label are than masks of others, such as tasks, across blocks, such as seeds.

    similarities  (masks, masks), symmetric, such as kappa of every two
    labels, blocks  of each mask; only masks of different blocks are compared
    returns       mean similarity of those of one label minus that of the others; the null deals the labels out anew
                  inside each block. NaN where there is no pair of either kind.
    """
    names, places = np.asarray(labels), np.asarray(blocks)
    apart = np.triu(places[:, None] != places[None, :])

    def difference(named: np.ndarray) -> float:
        same = named[:, None] == named[None, :]
        if not (apart & same).any() or not (apart & ~same).any():
            return float("nan")
        return float(similarities[apart & same].mean() - similarities[apart & ~same].mean())

    observed = difference(names)
    if np.isnan(observed):
        return UNDEFINED
    generator = np.random.default_rng(seed)
    drawn = np.empty(draws)
    for number in range(draws):
        dealt = names.copy()
        for block in np.unique(places):
            dealt[places == block] = generator.permutation(names[places == block])
        drawn[number] = difference(dealt)
    return _beside(observed, drawn)


def _beside(observed: float, drawn: np.ndarray) -> Null:
    """What was observed beside its draws, of which it counts as one (Phipson & Smyth 2010)."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    reached = int((drawn >= observed - 1e-12).sum())
    return Null(observed, float(drawn.mean()), float(low), float(high), (1 + reached) / (1 + len(drawn)))


def cohen_kappas(masks: np.ndarray) -> np.ndarray:
    """Cohen's kappa of every two masks, (masks, masks); NaN where both keep all or both nothing."""
    kept = _rows(masks).astype(float)
    shares = kept.mean(1)
    alike = (kept @ kept.T + (1 - kept) @ (1 - kept).T) / kept.shape[1]
    chance = np.outer(shares, shares) + np.outer(1 - shares, 1 - shares)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(chance < 1, (alike - chance) / (1 - chance), np.nan)


def kappas_by_kinship(masks: np.ndarray, tasks: Sequence[object], seeds: Sequence[object]) -> dict[str, np.ndarray]:
    """Cohen's kappa of every two masks that share a task, a seed, or neither.

    returns  same_task (and another seed), same_seed (and another task), neither: (pairs,). A kappa that is not defined,
             of masks that both keep all or nothing, counts as 0.
    """
    ones, others = np.triu_indices(len(masks), 1)
    named, dealt, kappas = np.asarray(tasks), np.asarray(seeds), np.nan_to_num(cohen_kappas(masks))[ones, others]
    same_task, same_seed = named[ones] == named[others], dealt[ones] == dealt[others]
    return {
        "same_task": kappas[same_task & ~same_seed],
        "same_seed": kappas[same_seed & ~same_task],
        "neither": kappas[~same_task & ~same_seed],
    }


def kinship(masks: np.ndarray, tasks: Sequence[object], seeds: Sequence[object]) -> dict[str, float]:
    """The means of `kappas_by_kinship`; NaN where there is no such pair."""
    by_kinship = kappas_by_kinship(masks, tasks, seeds)
    return {name: float(kappas.mean()) if len(kappas) else float("nan") for name, kappas in by_kinship.items()}


def pairs(masks: np.ndarray, names: Sequence[object]) -> pd.DataFrame:
    """Every two masks, a row each.

    one, other  their names
    shared, expected  items that both keep, and how many they would by chance: the mean of a hypergeometric distribution
    overlap_p   of sharing as many or more by chance; overlap_holm, the same for as many tests as there are pairs
    jaccard     shared over those that either keeps; NaN where neither keeps any
    kappa       Cohen's; NaN where both keep all, or both nothing
    mcnemar_p   exact: do the two keep as many? mcnemar_holm, the same for as many tests as there are pairs
    """
    kept, singly = _rows(masks), _singly(masks)
    items, rows = kept.shape[1], []
    for one, other in combinations(range(len(masks)), 2):
        both = int((kept[one] & kept[other]).sum())
        only, else_only = int(kept[one].sum()) - both, int(kept[other].sum()) - both
        table = [[both, only], [else_only, items - both - only - else_only]]
        rows.append(
            {
                "one": names[one],
                "other": names[other],
                "shared": both,
                "expected": (both + only) * (both + else_only) / items,
                "overlap_p": float(hypergeom.sf(both - 1, items, both + only, both + else_only)),
                "jaccard": jaccard(singly[one], singly[other]),
                "kappa": kappa(singly[one], singly[other]),
                "mcnemar_p": float(mcnemar(table, exact=True).pvalue),
            }
        )
    table = pd.DataFrame(rows, columns=list(PAIR))
    corrected = {f"{name}_holm": holm(table[f"{name}_p"].tolist()) for name in ("overlap", "mcnemar")}
    return table.assign(**corrected)


def summary(masks: np.ndarray, *, draws: int = 999, seed: int = 0) -> dict[str, float | str]:
    """All of it for one set of masks, as a row.

    masks, items, kept_least, kept_most    their number, that of the items, and how many of these a mask keeps
    kappa, kappa_low, kappa_high           Fleiss', and its interval over items
    kappa_by_lot, kappa_p                  its mean over masks of these sizes at random, and p against them
    kappa_by_layer, layer_p                the same for masks at random in each layer; of masks with layers
    jaccard, jaccard_by_lot                mean over pairs, and by chance
    q, q_p                                 Cochran's: do all masks keep as many?
    in_all, in_all_by_lot, in_all_p        items that all keep
    reason                                 why it says little; "" where nothing speaks against it
    With draws = 0 nothing is drawn, and what takes draws is NaN.

    >>> row = summary(np.array([[True, True, False, False], [True, True, True, False]]), draws=0)
    >>> row["in_all"], round(row["jaccard"], 2), round(row["kappa"], 2)
    (2.0, 0.67, 0.47)
    """
    masks = _boolean(masks)
    kept = _rows(masks)
    sizes = kept.sum(1)
    interval = kappa_interval(masks, seed=seed)
    rate = cochran(masks)

    def against(statistic: Callable[[np.ndarray], float], *, by_layer: bool = False) -> Null:
        usable = draws and (masks.ndim == 3 or not by_layer) and len(masks) > 1
        return null(masks, statistic, by_layer=by_layer, draws=draws, seed=seed) if usable else UNDEFINED

    of_kappa, in_layers = against(fleiss_kappa), against(fleiss_kappa, by_layer=True)
    return {
        "masks": len(masks),
        "items": kept.shape[1],
        "kept_least": int(sizes.min()),
        "kept_most": int(sizes.max()),
        "kappa": fleiss_kappa(masks),
        "kappa_low": interval.low,
        "kappa_high": interval.high,
        "kappa_by_lot": of_kappa.mean,
        "kappa_p": of_kappa.p,
        "kappa_by_layer": in_layers.mean,
        "layer_p": in_layers.p,
        "jaccard": mean_jaccard(masks),
        "jaccard_by_lot": against(mean_jaccard).mean,
        "q": rate.q,
        "q_p": rate.p,
        "in_all": in_all(masks),
        "in_all_by_lot": by_lot(masks),
        "in_all_p": against(in_all).p,
        "reason": reason(masks),
    }


def in_words(row: dict[str, float | str]) -> str:
    """A `summary` in sentences; what is NaN is not told."""

    def p_value(name: str) -> str:
        return "" if np.isnan(row[name]) else f", p = {row[name]:.2g} against random masks"

    lines = [f"{row['masks']} masks of {row['items']:,}, keeping {row['kept_least']:,} to {row['kept_most']:,}."]
    if row["reason"]:
        lines.append(f"They say little: {row['reason']}.")
    if not np.isnan(row["kappa"]):
        by_lot = "" if np.isnan(row["kappa_by_lot"]) else f", by chance {row['kappa_by_lot']:.2f}"
        interval = f"95% interval for other items {row['kappa_low']:.2f} to {row['kappa_high']:.2f}"
        interval = "no interval" if np.isnan(row["kappa_low"]) else interval
        lines.append(f"Fleiss' kappa {row['kappa']:.2f} ({interval}){by_lot}{p_value('kappa_p')}.")
    if not np.isnan(row["layer_p"]):
        by_layer = f"{row['kappa_by_layer']:.2f} (p = {row['layer_p']:.2g})"
        lines.append(f"If each layer kept as many at random, kappa would be {by_layer}.")
    if not np.isnan(row["jaccard"]):
        by_lot = "" if np.isnan(row["jaccard_by_lot"]) else f", by chance {row['jaccard_by_lot']:.2f}"
        lines.append(f"Two masks share {row['jaccard']:.0%} of what either keeps (mean Jaccard){by_lot}.")
    lines.append(f"All keep {row['in_all']:,.0f}, by chance {row['in_all_by_lot']:,.1f}{p_value('in_all_p')}.")
    if not np.isnan(row["q_p"]):
        sizes = "the masks differ in size" if row["q_p"] < 0.05 else "no difference in size is shown"
        lines.append(f"Cochran's Q {row['q']:.1f}, p = {row['q_p']:.2g}: {sizes}; of which items it says nothing.")
    return " ".join(lines)


def rank_biased_overlap(one: np.ndarray, other: np.ndarray, *, p: float = 0.9) -> float:
    """How much two rankings agree, the more the higher a place: 1 for the same ranking, extrapolated from all places.

    one, other  (items,) scores, the highest first; of equal ones the lower index first
    p           weight of a place beside the one above it, in (0, 1): at .9 the first ten hold 86% of the weight
    Webber, Moffat & Zobel 2010, equation 32.
    """
    if not 0 < p < 1:
        raise ValueError(f"p = {p}: give a number between 0 and 1")
    orders = [np.argsort(-np.asarray(scores, dtype=float), kind="stable") for scores in (one, other)]
    ranks = [np.argsort(order) for order in orders]
    # An item is in both tops of depth d from its worse rank on.
    shared = np.bincount(np.maximum(*ranks), minlength=len(orders[0])).cumsum()
    depths = np.arange(1, len(shared) + 1)
    share = shared / depths
    return float(share[-1] * p ** depths[-1] + (1 - p) / p * (share * p**depths).sum())


def rankings(scores: np.ndarray, names: Sequence[object]) -> pd.DataFrame:
    """Every two rankings by scores, (rankings, items): one, other, Kendall's tau-b `kendall`, and `rbo` at p = .9."""
    return pd.DataFrame(
        {
            "one": names[one],
            "other": names[other],
            "kendall": float(kendalltau(scores[one], scores[other]).statistic),
            "rbo": rank_biased_overlap(scores[one], scores[other]),
        }
        for one, other in combinations(range(len(scores)), 2)
    )
