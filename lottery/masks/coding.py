"""An entropy coder for masks: within some hundredths of the entropy, with a rate for each row where rows differ.

Asymmetric numeral systems (Duda 2013, arXiv:1311.2540, "range variant"): a state x >= 2^16 takes in a bit of
probability f / 2^16 and grows by log2(2^16 / f) bits; when it would leave 32 bits, its lower 16 go to the output. Many
states, the lanes, run side by side over consecutive parts of the mask, so that numpy takes a bit of each at once, and
share one output (Giesen 2014, arXiv:1402.3392).
"""

import math
import zlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.special import entr, xlogy

from lottery.masks import Mask, Shapes

Coded = dict[str, np.ndarray]

LANE = 2**14  # bits of a lane, at most: a lane costs two bytes that carry nothing, half a percent of it at 3% kept
BITS = 16  # of precision of a probability, of a word of the output, and of a state's lower half
WHOLE = 1 << BITS
LEVELS = 256  # of a row's rate, which is one byte
BLOCK = 64  # steps laid out for the lanes at once: a cache line of each lane's bits

# Even in the angle whose squared sine is the rate: there a count of one row length is as uncertain at any rate.
_ANGLE = np.linspace(0, math.pi / 2, LEVELS)
_FREQUENCY = np.clip(np.rint(WHOLE * np.sin(_ANGLE) ** 2), 1, WHOLE - 1).astype(np.uint32)  # of a weight that is kept


def encode(mask: Mask) -> Coded:
    """A mask in few bits: what is independent from weight to weight and drawn at a rate of its own in each row.

    returns  rates   uint8, one a row of every matrix, row by row and names in sorted order, compressed by zlib
             states  (lanes,) uint32
             words   uint16, all lanes' output in the order in which `decode` takes it

    A tensor of one axis is one row; of more than two axes, all but the last count rows.
    """
    arrays = [mask[name].cpu().numpy().reshape(_rows(mask[name].shape)) for name in sorted(mask)]
    levels = np.concatenate([np.empty(0, dtype=np.uint8), *map(_levels, arrays)])
    bits = np.concatenate([np.empty(0, dtype=bool), *(kept.ravel() for kept in arrays)])
    lanes, steps = _lanes(bits.size)
    bits = _laid_out(bits, lanes, steps)
    rates = _laid_out(_of_each_bit(levels, [kept.shape for kept in arrays]), lanes, steps)
    states = np.full(lanes, WHOLE, dtype=np.uint32)
    words = []
    for begin in reversed(range(0, steps, BLOCK)):
        kept = np.ascontiguousarray(bits[:, begin : begin + BLOCK].T)
        frequency = _FREQUENCY[rates[:, begin : begin + BLOCK].T]
        start = np.where(kept, np.uint32(0), frequency)
        frequency = np.where(kept, frequency, np.uint32(WHOLE) - frequency)
        for own, first in zip(frequency[::-1], start[::-1], strict=True):  # what comes out last went in first
            full = np.flatnonzero(states >> BITS >= own)
            words.append(states[full].astype(np.uint16))
            states[full] >>= BITS
            quotient = states // own
            states = (quotient << BITS) + (states - quotient * own) + first
    return {
        "rates": np.frombuffer(bytearray(zlib.compress(levels.tobytes(), level=9)), dtype=np.uint8),
        "states": states,
        "words": np.concatenate([np.empty(0, dtype=np.uint16), *words[::-1]]),
    }


def decode(coded: Coded, shapes: Shapes) -> Mask:
    """The mask that `encode` encoded, its tensors on the CPU.

    shapes  {name: shape}, which the code does not tell

    Raises ValueError where the code is not that of a mask of these shapes: cut short, too long, or altered so that it
    does not come out even.
    """
    sizes = [_rows(shapes[name]) for name in sorted(shapes)]
    lanes, steps = _lanes(sum(rows * width for rows, width in sizes))
    types = {name: (array.dtype, array.ndim) for name, array in coded.items()}
    if types != {"rates": (np.uint8, 1), "states": (np.uint32, 1), "words": (np.uint16, 1)}:
        raise ValueError("the code is not of rates, states and words, as `encode` returns them")
    states, words, taken = coded["states"].copy(), coded["words"], 0
    if states.size != lanes:
        raise ValueError(f"the code has {states.size} lanes where a mask of these shapes has {lanes}")
    levels = _unpacked(coded["rates"].tobytes(), sum(rows for rows, _ in sizes))
    rates = _laid_out(_of_each_bit(levels, sizes), lanes, steps)
    bits = np.empty((lanes, steps), dtype=bool)
    for begin in range(0, steps, BLOCK):
        frequency = _FREQUENCY[rates[:, begin : begin + BLOCK].T]
        block = np.empty(frequency.shape, dtype=bool)
        for step, often in enumerate(frequency):
            low = states & np.uint32(WHOLE - 1)
            kept = np.less(low, often, out=block[step])
            own = np.where(kept, often, np.uint32(WHOLE) - often)
            states = own * (states >> BITS) + low - np.where(kept, np.uint32(0), often)
            empty = np.flatnonzero(states < WHOLE)
            more = words[taken : taken + empty.size]
            if more.size < empty.size:
                raise ValueError("the code ends before the mask does")
            states[empty] = states[empty] << BITS | more
            taken += empty.size
        bits[:, begin : begin + BLOCK] = block.T
    if taken < words.size or (states != WHOLE).any():
        raise ValueError("the code does not come out even, so that it is not that of a mask of these shapes")
    flat, mask, begin = bits.ravel(), {}, 0
    for name in sorted(shapes):
        count = math.prod(shapes[name])
        mask[name] = torch.from_numpy(flat[begin : begin + count].copy()).view(tuple(shapes[name]))
        begin += count
    return {name: mask[name] for name in shapes}


def size(coded: Coded) -> int:
    """Bytes of the code."""
    return sum(array.nbytes for array in coded.values())


def entropy(mask: Mask) -> float:
    """Bits that independent weights of this mask's share take: the bound of coders that know that share and no more.

    n h(k / n), as by `binary_entropy`, where k of n weights are kept; 0 for a mask over no weights.
    """
    total = sum(kept.numel() for kept in mask.values())
    share = sum(int(kept.count_nonzero()) for kept in mask.values()) / max(total, 1)
    return total * float(binary_entropy(share))


def binary_entropy(share: ArrayLike) -> np.ndarray:
    """Bits that one weight takes where a share is kept: h(p) = -p log2 p - (1 - p) log2(1 - p); 0 at 0 and at 1."""
    share = np.asarray(share, dtype=float)
    return (entr(share) + entr(1 - share)) / math.log(2)


def _rows(shape: Sequence[int]) -> tuple[int, int]:
    """Rows and their width; a number alone is one row of one."""
    return math.prod(shape[:-1]), shape[-1] if len(shape) else 1


def _lanes(total: int) -> tuple[int, int]:
    """How many lanes, and the bits of each."""
    lanes = -(-total // LANE)
    return lanes, -(-total // lanes) if lanes else 0


def _levels(kept: np.ndarray) -> np.ndarray:
    """The level of each row's rate, (rows,): one for all or one each, whichever takes less with the levels themselves.

    Rows are told apart no finer than twice the standard error of a row's angle, 1 / (2 sqrt(width)): a finer rate costs
    more than it saves (Rissanen 1983, doi:10.1214/aos/1176346150).
    """
    rows, width = kept.shape
    if not kept.size:
        return np.zeros(rows, dtype=np.uint8)
    counts = np.count_nonzero(kept, axis=1)
    place = np.arcsin(np.sqrt(counts / width)) / _ANGLE[1]
    alike = np.rint(np.arcsin(math.sqrt(counts.sum() / kept.size)) / _ANGLE[1])
    step = max(1, round(1 / (math.sqrt(width) * _ANGLE[1])))
    own = np.clip(alike + step * np.rint((place - alike) / step), 0, LEVELS - 1).astype(np.uint8)
    one = np.full(rows, alike, dtype=np.uint8)
    return min(one, own, key=lambda levels: _cost(levels, counts, width))


def _cost(levels: np.ndarray, counts: np.ndarray, width: int) -> float:
    """Nats that rows with so many kept take at the rates of these levels, and the levels at their own entropy."""
    rate = _FREQUENCY[levels] / WHOLE
    rows = -(xlogy(counts, rate) + xlogy(width - counts, 1 - rate)).sum()
    shares = np.bincount(levels) / levels.size
    return rows + levels.size * entr(shares).sum()


def _of_each_bit(levels: np.ndarray, sizes: Sequence[tuple[int, int]]) -> np.ndarray:
    rows, widths = np.array(sizes, dtype=np.int64).reshape(-1, 2).T
    return np.repeat(levels, np.repeat(widths, rows))


def _laid_out(flat: np.ndarray, lanes: int, steps: int) -> np.ndarray:
    """Consecutive parts for the lanes, (lanes, steps), filled up with removed bits at a rate that makes them free."""
    padded = np.zeros(lanes * steps, dtype=flat.dtype)
    padded[: flat.size] = flat
    return padded.reshape(lanes, steps)


def _unpacked(packed: bytes, rows: int) -> np.ndarray:
    """The levels of so many rows; no more is ever unpacked."""
    unpacker = zlib.decompressobj()
    try:
        levels = unpacker.decompress(packed, rows + 1)
    except zlib.error as error:
        raise ValueError(f"the rates of the code cannot be unpacked ({error})") from None
    if len(levels) != rows or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"the code does not hold the rates of {rows} rows")
    return np.frombuffer(levels, dtype=np.uint8)
