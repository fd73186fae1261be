"""The entropy coder: every mask comes back, in little more than its entropy, and what is no code of it is refused."""

import math
import zlib

import numpy as np
import pytest
import torch
from scipy import stats

from lottery import masks
from lottery.masks import coding as mask_coding

BERT_BASE_LAYER = {"query": (768, 768), "key": (768, 768), "value": (768, 768), "out": (768, 768)} | {
    "up": (3072, 768),
    "down": (768, 3072),
}


def shapes(mask):
    return {name: tuple(kept.shape) for name, kept in mask.items()}


def drawn(shape, share, generator):
    return torch.rand(shape, generator=generator) < share


def assert_comes_back(mask):
    found = mask_coding.decode(mask_coding.encode(mask), shapes(mask))
    assert list(found) == list(mask)
    for name, kept in mask.items():
        assert found[name].dtype == torch.bool
        assert found[name].shape == kept.shape
        assert torch.equal(found[name], kept)


@pytest.mark.parametrize(
    "shape",
    [(), (0,), (1,), (9,), (1, 40), (40, 1), (7, 5), (0, 3), (3, 0), (16, 24), (2, 3, 5), (130, 129)],
)
def test_a_mask_of_any_shape_comes_back(shape):
    """The last shape takes two lanes. A mask may keep nothing, everything, or any share."""
    generator = torch.Generator().manual_seed(0)
    for share in (0.0, 0.03, 0.5, 0.97, 1.0):
        assert_comes_back({"a": drawn(shape, share, generator)})


@pytest.mark.parametrize("seed", range(20))
def test_masks_of_several_matrices_come_back(seed):
    """Names in any order, rows alike and rows of unlike rates, sizes that end anywhere in a byte."""
    generator = torch.Generator().manual_seed(seed)
    draw = np.random.default_rng(seed)
    mask = {}
    for name in draw.permutation(["b", "a", "heads", "mlps"]):
        rows, width = (int(n) for n in draw.integers(1, 60, 2))
        rates = torch.rand((rows, 1), generator=generator) ** 3 if draw.random() < 0.5 else draw.random()
        mask[str(name)] = drawn((rows, width), rates, generator)
    assert_comes_back(mask)


def test_masks_of_components_come_back_and_so_does_none():
    generator = torch.Generator().manual_seed(0)
    assert_comes_back({"heads": drawn((12, 12), 0.7, generator), "mlps": drawn((12,), 0.7, generator)})
    assert mask_coding.decode(mask_coding.encode({}), {}) == {}


def test_rows_that_are_all_alike_or_whole_or_empty_come_back():
    row = torch.rand(300, generator=torch.Generator().manual_seed(0)) < 0.2
    stripes = torch.zeros(200, 300, dtype=torch.bool)
    stripes[::2] = True
    for kept in (row.expand(200, 300), stripes, stripes.T.contiguous()):
        assert_comes_back({"a": kept})


def bits_of(share, count):
    """What independent weights of this share take, by scipy."""
    return count * float(stats.bernoulli(share).entropy()) / math.log(2)


@pytest.mark.parametrize("share", [0.03, 0.1, 0.2, 0.5, 0.8])
def test_a_mask_without_structure_takes_at_most_3_percent_more_than_its_entropy(share):
    mask = masks.keep_random(BERT_BASE_LAYER, 1 - share, torch.Generator().manual_seed(1))
    count = sum(kept.numel() for kept in mask.values())
    bound = bits_of(share, count)
    assert mask_coding.entropy(mask) == pytest.approx(bound, rel=1e-5)
    assert bound < 8 * mask_coding.size(mask_coding.encode(mask)) < 1.03 * bound


def test_a_mask_whose_rows_differ_takes_less_than_the_entropy_of_its_share():
    """Near to the sum of what its rows take at rates that are known."""
    rates = torch.tensor([0.001, 0.05, 0.3, 0.9]).repeat_interleave(192)
    mask = {"a": drawn((768, 768), rates[:, None], torch.Generator().manual_seed(2))}
    known = sum(bits_of(float(rate), 768) for rate in rates)
    taken = 8 * mask_coding.size(mask_coding.encode(mask))
    assert known < taken < 1.03 * known
    assert known < 0.75 * mask_coding.entropy(mask)


def test_the_entropy_of_a_mask_that_leaves_no_choice_is_0():
    for mask in ({}, {"a": torch.ones(3, 4).bool()}, {"a": torch.zeros(3, 4).bool()}, {"a": torch.ones(0, 4).bool()}):
        assert mask_coding.entropy(mask) == 0


def test_binary_entropy_is_that_of_scipy_share_by_share():
    shares = [0.0, 0.03, 0.5, 0.9, 1.0]
    assert mask_coding.binary_entropy(shares) == pytest.approx([bits_of(share, 1) for share in shares])


def test_a_loop_over_single_bits_reads_the_code():
    """The decoder written out with Python's own integers, as the module's first lines and `encode` tell it."""
    generator = torch.Generator().manual_seed(4)
    mask = {
        "b": drawn((110, 100), torch.rand((110, 1), generator=generator) ** 2, generator),
        "a": drawn((70, 100), 0.1, generator),
    }
    code = mask_coding.encode(mask)
    rates = []
    for level in zlib.decompress(code["rates"].tobytes()):
        rate = 65536 * math.sin(math.pi / 2 * level / 255) ** 2
        rates += [min(max(round(rate), 1), 65535)] * 100
    states, words = code["states"].tolist(), iter(code["words"].tolist())
    steps = -(-18_000 // len(states))
    assert len(states) == 2
    found = [[], []]
    for step in range(steps):
        for lane, bits in enumerate(found):
            place = lane * steps + step
            often = rates[place] if place < 18_000 else 1
            high, low = divmod(states[lane], 65536)
            bits.append(low < often)
            states[lane] = often * high + low if low < often else (65536 - often) * high + low - often
            if states[lane] < 65536:
                states[lane] = states[lane] * 65536 + next(words)
    assert states == [65536, 65536]
    assert list(words) == []
    assert found[0] + found[1] == mask["a"].flatten().tolist() + mask["b"].flatten().tolist()


@pytest.fixture
def code():
    mask = {"a": drawn((150, 128), 0.3, torch.Generator().manual_seed(3))}
    return mask_coding.encode(mask), shapes(mask)


def test_a_code_that_is_cut_short_or_too_long_is_refused(code):
    whole, of = code
    told = {
        "words": "ends before the mask does",
        "states": "lanes where a mask of these shapes has 2",
        "rates": "rates of",
    }
    for name, array in whole.items():
        with pytest.raises(ValueError, match=told[name]):
            mask_coding.decode(whole | {name: array[:-1]}, of)
        with pytest.raises(ValueError, match=r"rates of|come out even|lanes where"):
            mask_coding.decode(whole | {name: np.append(array, array[-1])}, of)


def test_a_code_of_other_things_is_refused(code):
    whole, of = code
    for change in (
        {"words": whole["words"].astype(np.int32)},
        {"states": whole["states"][:, None]},
        {"more": whole["words"]},
        {"rates": np.frombuffer(bytearray(zlib.compress(b"\x05" * 151)), dtype=np.uint8)},
        {"rates": np.frombuffer(bytearray(zlib.compress(b"\x05" * 10**7)), dtype=np.uint8)},
    ):
        with pytest.raises(ValueError, match="the code"):
            mask_coding.decode(whole | change, of)
    with pytest.raises(ValueError, match="the code"):
        mask_coding.decode({name: array for name, array in whole.items() if name != "words"}, of)
    with pytest.raises(ValueError, match="the code"):
        mask_coding.decode(whole, {"a": (128, 151)})


def test_whatever_is_altered_it_is_refused_or_another_mask_but_no_other_error(code):
    """A mask file has a checksum beside; here only that nothing but a ValueError is raised."""
    whole, of = code
    draw = np.random.default_rng(0)
    for _ in range(24):
        name = str(draw.choice([*whole]))
        array = whole[name].copy()
        array[draw.integers(array.size)] ^= 1 << draw.integers(8 * array.itemsize)
        try:
            found = mask_coding.decode(whole | {name: array}, of)
        except ValueError:
            continue
        assert shapes(found) == of
