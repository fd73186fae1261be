"""What a mask takes by every code, counted anew."""

import lzma
import math
import zlib

import pytest
from scipy import stats

from lottery import masks, store
from lottery.experiments.mask_sizes import ByLot, MaskSizes
from lottery.experiments.starts import Given
from lottery.experiments.tickets import Cut


def entropy(rows):
    """Bytes of independent bits, each list at its own share, by scipy."""
    return sum(len(row) * float(stats.bernoulli(sum(row) / len(row)).entropy()) for row in rows) / math.log(2) / 8


@pytest.mark.parametrize("sparsity", [0.3, 0.9])
def test_every_size_is_that_of_the_mask_written_out(bert_folder, tmp_path, sparsity):
    cut = Cut(
        of=Given(model=bert_folder, data="none"),
        importance="magnitude",
        scope="global",
        embeddings=True,
        sparsity=sparsity,
        seed=1,
    )
    found = store.perform(MaskSizes(kept=cut), tmp_path).metrics
    rows = [row for kept in cut.mask(None).values() for row in kept.tolist()]
    every = [bit for row in rows for bit in row]
    assert found["weights"] == len(every)
    assert found["stay"] == sum(every) == len(every) - round(sparsity * len(every))
    assert found["bound"] == pytest.approx(entropy([every]))
    assert found["by_row"] == pytest.approx(entropy(rows))
    bits = b""
    for kept in cut.mask(None).values():
        text = "".join("01"[bit] for bit in kept.flatten().tolist())
        text += "0" * (-len(text) % 8)
        bits += bytes(int(text[place : place + 8], 2) for place in range(0, len(text), 8))
    assert found["bits"] == len(bits)
    assert found["zlib"] == len(zlib.compress(bits, 9))
    assert found["lzma"] == len(lzma.compress(bits))
    assert 0.9 * found["by_row"] < found["entropy"] < 1.2 * found["bound"]


def test_a_mask_by_lot_is_of_berts_matrices():
    mask = ByLot(layers=3, width=8, sparsity=0.7, seed=0).mask(None)
    assert sorted(tuple(kept.shape) for kept in mask.values()) == [(8, 8)] * 12 + [(8, 32)] * 3 + [(32, 8)] * 3
    assert masks.removed(mask) == round(0.7 * 3 * 12 * 64)
    other = ByLot(layers=3, width=8, sparsity=0.7, seed=1).mask(None)
    assert masks.share_different(mask, other) == pytest.approx(2 * 0.7 * 0.3, abs=0.05)
    assert masks.share_different(mask, ByLot(layers=3, width=8, sparsity=0.7, seed=0).mask(None)) == 0
