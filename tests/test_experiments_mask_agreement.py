"""Two masks compared as an experiment: counted one by one, and grouped as its metrics say."""

import numpy as np
import pytest
import torch

from lottery import store
from lottery.experiments.mask_agreement import MaskAgreement
from lottery.masks import Mask
from lottery.store import Run, parameters

SHAPES = {"b": (4, 6), "a": (5, 5)}


@parameters
class Drawn:
    """A mask that a test draws, each matrix with a share of its own."""

    version = 1
    seed: int
    names: tuple[str, ...] = ("b", "a")

    def mask(self, run: Run) -> Mask:
        """It."""
        generator = np.random.default_rng(self.seed)
        shares = {"a": 0.3, "b": 0.7}
        return {name: torch.from_numpy(generator.random(SHAPES[name]) < shares[name]) for name in self.names}


def by_hand(one, other, group):
    """Cohen's kappa whose chance level is taken in the groups that `group` names for a matrix, a row and a column."""
    members = {}
    for name, (rows, columns) in SHAPES.items():
        for row in range(rows):
            for column in range(columns):
                pair = bool(one[name][row, column]), bool(other[name][row, column])
                members.setdefault(group(name, row, column), []).append(pair)
    agreed = sum(a == b for pairs in members.values() for a, b in pairs)
    expected = total = 0
    for pairs in members.values():
        left, right = (sum(pair[side] for pair in pairs) / len(pairs) for side in (0, 1))
        expected += len(pairs) * (left * right + (1 - left) * (1 - right))
        total += len(pairs)
    return (agreed - expected) / (total - expected)


def test_agreement_is_counted_within_the_model_its_matrices_rows_and_columns(tmp_path):
    found = store.perform(MaskAgreement(one=Drawn(seed=1), other=Drawn(seed=2)), tmp_path).metrics
    one, other = (Drawn(seed=seed).mask(None) for seed in (1, 2))
    for name, group in (
        ("kappa", lambda name, row, column: ""),
        ("in_matrices", lambda name, row, column: name),
        ("in_rows", lambda name, row, column: (name, row)),
        ("in_columns", lambda name, row, column: (name, column)),
    ):
        assert found[name] == pytest.approx(by_hand(one, other, group)), name
        assert found[f"{name}_sd"] > 0
    pairs = [(a, b) for name in SHAPES for a, b in zip(one[name].flatten(), other[name].flatten(), strict=True)]
    assert found["jaccard"] == pytest.approx(sum(a & b for a, b in pairs).item() / sum(a | b for a, b in pairs).item())
    left, right = (np.mean([pair[side].item() for pair in pairs]) for side in (0, 1))
    assert found["by_lot"] == pytest.approx(left * right / (left + right - left * right))


def test_a_mask_agrees_with_itself_wherever_there_is_a_choice(tmp_path):
    found = store.perform(MaskAgreement(one=Drawn(seed=1), other=Drawn(seed=1)), tmp_path).metrics
    assert [found[name] for name in ("jaccard", "kappa", "in_matrices", "in_rows", "in_columns")] == [1] * 5


def test_masks_of_other_matrices_are_refused(tmp_path):
    with pytest.raises(ValueError, match="covers 'b'"):
        store.perform(MaskAgreement(one=Drawn(seed=1), other=Drawn(seed=1, names=("a",))), tmp_path)
