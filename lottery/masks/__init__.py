"""Masks over named tensors: choosing by score, set algebra, overlap and its chance level, packing.

A mask is {name: bool tensor}, True where the weight stays; sparsity is the share of weights removed, in [0, 1).
Selection is by count, never by threshold: exactly round(sparsity * n) weights go (Python's round, so halves go to the
even number), and among equal scores the one that comes first goes first, with names in sorted order and each tensor
read row by row. The answer does not depend on the device.
"""

import json
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor, nn

Scores = dict[str, Tensor]
Mask = dict[str, Tensor]
Shapes = Mapping[str, Sequence[int]]
Arrays = dict[str, np.ndarray]

HEADS, MLPS, NEURONS = "heads", "mlps", "neurons"  # the names under which a mask tells of components

BLOCK = 2**16  # scores compared at once: 256 KiB of float32 and its answers stay in a core's second-level cache
SMALL = 2**15  # below so many scores a plain partition is as fast as drawing a sample first
RUN = 16  # neighbours drawn into the sample together: reading one score fetches the 64 bytes of float32 around it


def parted(mask: Mask) -> tuple[Mask, Mask]:
    """A mask's components, {} where it names none, and its weights."""
    names = {HEADS, MLPS, NEURONS} & mask.keys()
    return {name: mask[name] for name in sorted(names)}, {n: kept for n, kept in mask.items() if n not in names}


def boolean(mask: Mapping[str, Tensor]) -> Mask:
    """A mask of zeros and ones in any type, as torch.nn.utils.prune makes it, in bools; one of bools is itself.

    Raises ValueError, naming the tensor, where anything else is in it.

    >>> boolean({"a": torch.tensor([1.0, 0.0])})
    {'a': tensor([ True, False])}
    """
    return {name: _zeros_and_ones(name, kept) for name, kept in mask.items()}


def _zeros_and_ones(name: str, kept: Tensor) -> Tensor:
    if kept.dtype == torch.bool:
        return kept
    if not ((kept == 0) | (kept == 1)).all():
        raise ValueError(
            f"the mask of {name!r} holds other numbers than 0 and 1: give True, or 1, where a weight stays; of scores "
            "`keep_highest` makes a mask"
        )
    return kept.bool()


def stacked(masks: Sequence[Mapping[str, Tensor]]) -> Arrays:
    """Masks of one model as `lottery.statistics.agreement` takes them.

    masks    {name: tensor} each, bools or zeros and ones, with the same names and shapes
    returns  {"heads": (masks, layers, heads), "mlps": (masks, layers)}, and "neurons": (masks, layers, neurons) where
             they tell of them, of masks of components; {"weights": (masks, weights)} of others, matrix after matrix in
             the order of their names; bool

    Raises ValueError for no masks, and for masks of different models.

    >>> stacked([{"b": torch.tensor([1, 0]), "a": torch.tensor([True])}, {"a": torch.tensor([0]), "b": torch.ones(2)}])
    {'weights': array([[ True,  True, False],
           [False,  True,  True]])}
    """
    if not masks:
        raise ValueError("there are no masks to stack: give one or more")
    parts, weights = zip(*(parted({name: kept.cpu() for name, kept in boolean(m).items()}) for m in masks), strict=True)
    for mask in masks[1:]:
        _require_same_shapes(masks[0], mask, "the first mask", "another")
    arrays = {name: torch.stack([part[name] for part in parts]).numpy() for name in parts[0]}
    if weights[0]:
        flat = [torch.cat([mask[name].flatten() for name in sorted(mask)]) for mask in weights]
        arrays["weights"] = torch.stack(flat).numpy()
    return arrays


def keep_highest(scores: Scores, sparsity: float) -> Mask:
    """Keep the highest-scoring weights of all tensors together, wherever they live.

    scores    {name: tensor of any shape} float16, bfloat16, float32 or float64; -inf for a weight already removed
    sparsity  share of all scored weights to remove, in [0, 1)
    returns   {name: bool tensor of the same shape}, True where the weight stays

    0.0 and -0.0 are equal. Raises ValueError for a NaN score, for scores that are not of the four types, for the
    parameters of a model, whose signed values are no scores, and for a sparsity out of range. On absolute weights this
    is global magnitude pruning (Han et al. 2015, arXiv:1506.02626).

    >>> keep_highest({"a": torch.tensor([1.0, 2.0, 2.0]), "b": torch.tensor([0.5, 3.0])}, 0.6)
    {'a': tensor([False, False,  True]), 'b': tensor([False,  True])}
    """
    flat = {name: _checked(name, scores[name]).detach().flatten() for name in sorted(scores)}
    removed = _share(sparsity, sum(s.numel() for s in flat.values()))
    select = _select_on_cpu if all(s.device.type == "cpu" for s in flat.values()) else _select_by_sorting
    kept = select(flat, removed)
    return {name: kept[name].view(s.shape) for name, s in scores.items()}


def keep_highest_in_each(scores: Scores, sparsity: float) -> Mask:
    """Keep the highest-scoring weights of each tensor, the same share in every one; otherwise as `keep_highest`.

    On absolute weights this is matrix-local magnitude pruning (Gordon et al. 2020, arXiv:2002.08307). As many tensors
    are worked on at once as torch uses threads.

    >>> weights = {"a": torch.tensor([-3.0, 1.0]), "b": torch.tensor([0.2, 0.1])}
    >>> keep_highest_in_each({name: weight.abs() for name, weight in weights.items()}, 0.5)
    {'a': tensor([ True, False]), 'b': tensor([ True, False])}
    """

    def keep(name: str) -> Tensor:
        return keep_highest({name: scores[name]}, sparsity)[name]

    # A thread of a pool draws its memory afresh, which costs a lone one more than it gains. Several gain: numpy lets go
    # of the interpreter while it compares and partitions.
    if torch.get_num_threads() == 1:
        return {name: keep(name) for name in scores}
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return dict(zip(scores, pool.map(keep, scores), strict=True))


def keep_highest_in_rows(scores: Scores, sparsity: float) -> Mask:
    """Keep the highest-scoring weights of each row of each matrix, the same number in all of its rows.

    scores    {name: (out, in)}; a row holds what one output is made of
    sparsity  share of each row to remove: round(sparsity * in) weights of it go

    Otherwise as `keep_highest`. It suits scores that tell of one output alone, such as `importance.wanda`.

    >>> keep_highest_in_rows({"a": torch.tensor([[1.0, 2.0], [4.0, 3.0]])}, 0.5)
    {'a': tensor([[False,  True],
            [ True, False]])}
    """
    mask = {}
    for name, matrix in scores.items():
        rows = _checked(name, matrix).detach()
        if rows.ndim != 2:
            raise ValueError(f"{name!r} has shape {tuple(rows.shape)}: rows are those of a matrix, (out, in)")
        _refuse_nan({name: rows})
        removed = _share(sparsity, rows.shape[1])
        if not removed:
            mask[name] = torch.ones_like(rows, dtype=torch.bool)
            continue
        threshold = rows.kthvalue(removed, dim=1, keepdim=True).values
        kept, ties = rows > threshold, rows == threshold
        spared = rows.shape[1] - removed - kept.sum(1, keepdim=True)
        last = ties & (ties.flip(1).cumsum(1).flip(1) <= spared)
        mask[name] = kept | last
    return mask


def keep_lowest(scores: Scores, sparsity: float) -> Mask:
    """Keep the lowest-scoring weights of all tensors together: the highest go, among equals still the first ones."""
    return keep_highest({name: -_checked(name, s).detach() for name, s in scores.items()}, sparsity)


def keep_random(shapes: Shapes, sparsity: float, generator: torch.Generator) -> Mask:
    """Keep weights drawn evenly from all tensors together, exactly as many as `keep_highest` would.

    shapes     {name: shape} of the tensors to cover
    sparsity   share of all weights to remove, in [0, 1)
    generator  source of the draw; the mask is made on its device
    returns    {name: bool tensor}, the same for the same names and shapes in whichever order they come

    The draw ranks one float64 number a weight: with 53 random bits, ties are too rare to favour a position.
    """
    draw = {
        name: torch.rand(tuple(shapes[name]), dtype=torch.float64, generator=generator, device=generator.device)
        for name in sorted(shapes)
    }
    kept = keep_highest(draw, sparsity)
    return {name: kept[name] for name in shapes}


def size(mask: Mask) -> int:
    """How many weights the mask covers."""
    return sum(kept.numel() for kept in mask.values())


def sparsity(mask: Mask) -> float:
    """Share of weights the mask removes, in [0, 1]; NaN for a mask over no weights, where no share exists.

    >>> sparsity({"a": torch.tensor([True, False, False, False])})
    0.75
    """
    total = size(mask)
    return removed(mask) / total if total else math.nan


def removed(mask: Mask) -> int:
    """How many weights the mask removes."""
    return size(mask) - _kept(mask)


def intersection(a: Mask, b: Mask) -> Mask:
    """What both masks keep. Raises ValueError when the masks cover different tensors."""
    return _together(torch.logical_and, a, b)


def complement(mask: Mask) -> Mask:
    """What the mask removes."""
    return {name: ~kept for name, kept in boolean(mask).items()}


def share_different(a: Mask, b: Mask) -> float:
    """Share of weights that one mask keeps and the other removes, in [0, 1]; NaN for masks over no weights.

    Gordon et al. 2020, arXiv:2002.08307, figure 3. Raises ValueError when the masks cover different tensors.
    """
    total = size(a)
    differing = _kept(_together(torch.logical_xor, a, b))
    return differing / total if total else math.nan


def jaccard(a: Mask, b: Mask) -> float:
    """Weights that both keep, over weights that either keeps, in [0, 1]; NaN when neither keeps any (0/0).

    Raises ValueError when the masks cover different tensors.

    >>> jaccard({"a": torch.tensor([True, True, False])}, {"a": torch.tensor([True, False, True])})
    0.3333333333333333
    """
    both = _kept(intersection(a, b))
    either = _kept(a) + _kept(b) - both
    return both / either if either else math.nan


def kappa(a: Mask, b: Mask) -> float:
    """Agreement of two masks beyond chance: 1 when equal, 0 as expected of independent masks of these sparsities.

    (observed - expected) / (1 - expected) agreement (Cohen 1960, doi:10.1177/001316446002000104), in [-1, 1].
    NaN when both masks keep everything, both remove everything, or there are no weights: chance alone then explains
    all agreement and the quotient is 0/0. Raises ValueError when the masks cover different tensors.
    """
    both = _kept(intersection(a, b))
    only_a, only_b = _kept(a) - both, _kept(b) - both
    neither = size(a) - both - only_a - only_b
    # Whole numbers up to the one division: with 10^8 weights the difference of two near-equal shares would lose digits.
    possible = (both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither)
    return 2 * (both * neither - only_a * only_b) / possible if possible else math.nan


def expected_share_different(sparsity_a: float, sparsity_b: float) -> float:
    """Chance level of `share_different`: its mean over independently drawn masks of these sparsities, each in [0, 1].

    s_a (1 - s_b) + s_b (1 - s_a); exact at any number of weights.

    >>> expected_share_different(0.5, 0.5)
    0.5
    """
    return sparsity_a * (1 - sparsity_b) + sparsity_b * (1 - sparsity_a)


def expected_jaccard(sparsity_a: float, sparsity_b: float) -> float:
    """Chance level of `jaccard` for independently drawn masks of these sparsities, each in [0, 1].

    k_a k_b / (k_a + k_b - k_a k_b) with k = 1 - s: the mean number shared over the mean number in either, which the
    mean of the quotient approaches as weights grow many. NaN when both sparsities are 1 and nothing is kept (0/0).
    """
    kept_a, kept_b = 1 - sparsity_a, 1 - sparsity_b
    either = kept_a + kept_b - kept_a * kept_b
    return kept_a * kept_b / either if either else math.nan


def pack(mask: Mask) -> dict[str, Tensor]:
    """The mask at one bit a weight: {name: 1-D uint8}, row by row, highest bit first, the last byte filled with 0."""
    return {name: torch.from_numpy(np.packbits(kept.cpu().numpy())) for name, kept in boolean(mask).items()}


def unpack(packed: Mapping[str, Tensor], shapes: Shapes) -> Mask:
    """The mask that `pack` packed.

    packed   {name: 1-D uint8}
    shapes   {name: shape}, which the bits alone do not tell
    returns  {name: bool tensor}

    Raises ValueError when names differ, or a tensor's bytes are not as many as its shape asks for.
    """
    _require_same_names(packed, shapes, "the packed mask", "the table of shapes")
    mask = {}
    for name, bits in packed.items():
        count = math.prod(shapes[name])
        if bits.numel() != -(-count // 8):
            raise ValueError(
                f"{name!r} comes packed in {bits.numel()} bytes where shape {tuple(shapes[name])} takes "
                f"{-(-count // 8)}; give the shapes of the model that the mask was made for"
            )
        kept = np.unpackbits(bits.cpu().numpy(), count=count).view(bool)
        mask[name] = torch.from_numpy(kept).view(tuple(shapes[name]))
    return mask


def fingerprint(shapes: Shapes) -> str:
    """What tells whether a mask fits a model: sha256, 64 hex digits, of all names and shapes, in any order."""
    described = [[name, [int(length) for length in shapes[name]]] for name in sorted(shapes)]
    return sha256(json.dumps(described).encode()).hexdigest()


def digest(weights: Mapping[str, Tensor], mask: Mask) -> str:
    """What tells whether a mask leaves the same numbers of two models: sha256, 64 hex digits, of all that stays.

    weights  {name: tensor}, in any order and on any device; compared as float32
    mask     what stays of them; of those it does not name all does

    So a model and the same one with zeros where the mask removes have one digest.

    >>> whole, mask = {"a": torch.tensor([0.5, 2.0])}, {"a": torch.tensor([False, True])}
    >>> digest(whole, mask) == digest({"a": torch.tensor([-0.0, 2.0])}, mask), digest(whole, {}) == digest(whole, mask)
    (True, False)
    """
    whole = sha256()
    for name in sorted(weights):
        left = weights[name].detach().cpu().float()
        if name in mask:
            left = left.masked_fill(~mask[name].cpu().bool(), 0.0)
        whole.update(json.dumps([name, list(left.shape)]).encode())
        whole.update((left + 0.0).contiguous().numpy())  # one zero for both
    return whole.hexdigest()


def _checked(name: str, scores: Tensor) -> Tensor:
    if isinstance(scores, nn.Parameter):
        raise ValueError(
            f"{name!r} is a parameter of a model, and its signed value ranks nothing: give {{name: weight.detach()"
            ".abs()} for magnitude, or score.detach() for a score that is trained"
        )
    if scores.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(
            f"the scores of {name!r} are {scores.dtype}; float16, bfloat16, float32 and float64 can be ranked: "
            "convert them first"
        )
    return scores


def _share(sparsity: float, total: int) -> int:
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity {sparsity} is not in [0, 1); give the share of weights to remove, such as 0.6")
    return round(float(sparsity) * total)


def _refuse_nan(flat: Mapping[str, Tensor]) -> None:
    for name, scores in flat.items():
        if scores.isnan().any():
            raise ValueError(f"the scores of {name!r} contain NaN, which has no rank; find where it arises")


def _select_by_sorting(flat: Mapping[str, Tensor], removed: int) -> Mask:
    """Selection on any device: flat scores in order -> flat masks. It takes some four times the scores in memory."""
    if not flat:
        return {}
    _refuse_nan(flat)
    # A radix sort, such as a GPU's, may order by bits and put -0.0 before 0.0; adding 0.0 leaves one zero only.
    together = torch.cat(list(flat.values())) + 0.0
    kept = torch.ones_like(together, dtype=torch.bool)
    kept[together.argsort(stable=True)[:removed]] = False
    return dict(zip(flat, kept.split([s.numel() for s in flat.values()]), strict=True))


def _select_on_cpu(flat: Mapping[str, Tensor], removed: int) -> Mask:
    """The same selection without a sort: find the highest score that goes, compare with it, then settle its ties."""
    if removed == 0:
        _refuse_nan(flat)
        return {name: torch.ones_like(scores, dtype=torch.bool) for name, scores in flat.items()}
    arrays = _as_arrays(flat)
    total = sum(array.size for array in arrays.values())
    selected = _above_by_sample(arrays, removed, total) if total >= SMALL else None
    if selected is None:
        selected = _above_by_partition(arrays, removed)
    kept, threshold, spared = selected
    if math.isnan(threshold):
        _refuse_nan(flat)
    _spare_last_ties(arrays, kept, threshold, spared)
    return {name: torch.from_numpy(k) for name, k in kept.items()}


def _as_arrays(flat: Mapping[str, Tensor]) -> Arrays:
    """All scores in one type that holds each exactly; float32 and float64 alone share the tensors' memory."""
    doubles = any(s.dtype == torch.float64 for s in flat.values())
    return {name: s.to(torch.float64 if doubles else torch.float32).numpy() for name, s in flat.items()}


def _above_by_partition(arrays: Arrays, removed: int) -> tuple[Arrays, float, int]:
    """({name: where the scores are above the removed-th lowest}, that score or NaN if there is any, ties to spare)."""
    together = np.concatenate(list(arrays.values()))
    together.partition(removed - 1)
    # A partition puts NaN last, so one above the threshold shows in the maximum of what follows.
    if np.isnan(together[removed - 1 :].max()):
        return {}, math.nan, 0
    return _above(arrays, removed, together[removed - 1])


def _above_by_sample(arrays: Arrays, removed: int, total: int) -> tuple[Arrays, float, int] | None:
    """As `_above_by_partition`, reading every score once and copying few; None where the sample misled.

    A sample brackets the score that is sought (Floyd & Rivest 1975, doi:10.1145/360680.360691); scores outside the
    bracket are decided by comparison and counted, and only those inside are partitioned.
    """
    low, high = _bracket(arrays, removed, total)
    at_most_low, places, values = 0, {}, []
    kept = {name: np.empty(array.size, dtype=bool) for name, array in arrays.items()}
    reaches = np.greater_equal if low < high else np.greater
    work = np.empty(BLOCK, dtype=bool)
    for name, array in arrays.items():
        inside = []
        for start in range(0, array.size, BLOCK):
            block, above = array[start : start + BLOCK], kept[name][start : start + BLOCK]
            below = work[: block.size]
            reaches(block, high, out=above)
            np.less_equal(block, low, out=below)
            at_most_low += int(np.count_nonzero(below))
            # No score is both, and equal are those that are neither. That is true of a NaN too: none can slip by.
            between = np.flatnonzero(np.equal(below, above, out=below))
            values.append(block[between])
            inside.append(between + start)
        places[name] = np.concatenate(inside) if inside else np.empty(0, dtype=np.intp)
    values = np.concatenate(values)
    if np.isnan(values).any():
        return {}, math.nan, 0
    rank = removed - 1 - at_most_low
    if not 0 <= rank < values.size:
        return next(
            (_above(arrays, removed, score) for score in (low, high) if _is_sought(arrays, removed, score)), None
        )
    threshold = np.partition(values, rank)[rank]
    decided = values > threshold
    ends = np.cumsum([inside.size for inside in places.values()])
    for (name, inside), part in zip(places.items(), np.split(decided, ends[:-1]), strict=True):
        kept[name][inside] = part
    return kept, threshold, at_most_low + int(np.count_nonzero(~decided)) - removed


def _above(arrays: Arrays, removed: int, threshold: float) -> tuple[Arrays, float, int]:
    kept = {name: array > threshold for name, array in arrays.items()}
    return kept, threshold, sum(int(np.count_nonzero(~k)) for k in kept.values()) - removed


def _is_sought(arrays: Arrays, removed: int, score: float) -> bool:
    """Whether the removed-th lowest score is this one, as when many scores are equal and it ends the bracket."""
    below = sum(int(np.count_nonzero(array < score)) for array in arrays.values())
    return below < removed <= sum(int(np.count_nonzero(array <= score)) for array in arrays.values())


def _bracket(arrays: Arrays, removed: int, total: int) -> tuple[float, float]:
    """Two scores between which the removed-th lowest lies, but for one time in 80: 2.5 standard errors either side."""
    # The cube root balances work on the sample against work on the bracket; odd, to run through all columns of most
    # matrices. Two partitions of one place each are several times faster than a sort, or than one of two places.
    stride = RUN * (int(total ** (1 / 3) / 8) | 1)
    runs = [sliding_window_view(array, min(RUN, array.size))[::stride] for array in arrays.values()]
    sample = np.concatenate([run.ravel() for run in runs])
    middle, margin = removed / total * sample.size, 1.25 * math.sqrt(sample.size)
    low, high = int(middle - margin), int(middle + margin)
    if high < sample.size:
        sample.partition(high)
    if low > 0:
        sample[:high].partition(low)
    return sample[low] if low > 0 else -math.inf, sample[high] if high < sample.size else math.inf


def _spare_last_ties(arrays: Arrays, kept: Arrays, threshold: float, spared: int) -> None:
    """Keep after all the last `spared` scores that equal the threshold."""
    for name in reversed(arrays):
        for start in reversed(range(0, arrays[name].size, BLOCK)):
            if spared == 0:
                return
            ties = np.flatnonzero(arrays[name][start : start + BLOCK] == threshold)[-spared:]
            kept[name][start + ties] = True
            spared -= ties.size


def _kept(mask: Mask) -> int:
    return sum(int(kept.count_nonzero()) for kept in mask.values())


def _together(operation, a: Mask, b: Mask) -> Mask:
    _require_same_shapes(a, b, "the first mask", "the second mask")
    a, b = boolean(a), boolean(b)
    return {name: operation(kept, b[name]) for name, kept in a.items()}


def _require_same_shapes(a: Mapping[str, Tensor], b: Mapping[str, Tensor], what_a: str, what_b: str) -> None:
    _require_same_names(a, b, what_a, what_b)
    for name, kept in a.items():
        if kept.shape != b[name].shape:
            raise ValueError(
                f"{name!r} is {tuple(kept.shape)} in {what_a} and {tuple(b[name].shape)} in {what_b}; "
                "compare masks of one model"
            )


def _require_same_names(a: Mapping, b: Mapping, what_a: str, what_b: str) -> None:
    if a.keys() != b.keys():
        name = min(a.keys() ^ b.keys())
        having, lacking = (what_a, what_b) if name in a else (what_b, what_a)
        raise ValueError(f"{having} covers {name!r}, which {lacking} lacks; use masks of one model")
