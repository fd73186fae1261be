"""MaskDifference against loops over single weights, and what it does where one mask covers more than the other."""

import random
from typing import ClassVar

import pytest
import torch

from lottery import store
from lottery.experiments import Kept
from lottery.experiments.mask_difference import MaskDifference
from lottery.experiments.starts import Given
from lottery.experiments.tickets import Cut
from lottery.models import families
from lottery.store import Run, parameters

SHAPES = {
    "encoder.layer.0.attention.self.query.weight": (4, 4),
    "encoder.layer.0.attention.output.dense.weight": (4, 4),
    "encoder.layer.0.output.dense.weight": (4, 6),
    "encoder.layer.1.attention.self.query.weight": (4, 4),
    "encoder.layer.1.attention.output.dense.weight": (4, 4),
    "encoder.layer.1.output.dense.weight": (4, 6),
    "pooler.dense.weight": (4, 4),
    "embeddings.word_embeddings.weight": (30, 4),
}
KINDS = {
    "query": ["encoder.layer.0.attention.self.query.weight", "encoder.layer.1.attention.self.query.weight"],
    "attention output": [
        "encoder.layer.0.attention.output.dense.weight",
        "encoder.layer.1.attention.output.dense.weight",
    ],
    "output": ["encoder.layer.0.output.dense.weight", "encoder.layer.1.output.dense.weight"],
    "pooler": ["pooler.dense.weight"],
    "word embeddings": ["embeddings.word_embeddings.weight"],
}


@parameters
class Drawn:
    """Weights kept at random, each with the same probability."""

    version: ClassVar[int] = 1
    seed: int
    kept: float
    without: str = ""

    def mask(self, run):
        draw = random.Random(self.seed)
        return {
            name: torch.tensor([[draw.random() < self.kept for _ in range(columns)] for _ in range(rows)])
            for name, (rows, columns) in SHAPES.items()
            if not self.without or self.without not in name
        }


@parameters
class Nothing:
    version: ClassVar[int] = 1

    def mask(self, run):
        return {}


def compared(one, other, tmp_path):
    return store.perform(MaskDifference(one=one, other=other), tmp_path).metrics


def pairs(one, other, names):
    """(kept by one, kept by the other) of every single weight of these tensors."""
    flat = ([mask[name].flatten().tolist() for name in names] for mask in (one, other))
    return [pair for a, b in zip(*flat, strict=True) for pair in zip(a, b, strict=True)]


def kappa(pairs):
    """Cohen's, from the shares of agreement."""
    n = len(pairs)
    kept_a, kept_b = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    by_chance = kept_a * kept_b + (1 - kept_a) * (1 - kept_b)
    return (sum(a == b for a, b in pairs) / n - by_chance) / (1 - by_chance)


def test_masks_differ_as_weight_by_weight_counting_says(tmp_path):
    choices = Drawn(seed=1, kept=0.7), Drawn(seed=2, kept=0.4)
    assert isinstance(choices[0], Kept)
    found = compared(*choices, tmp_path)
    one, other = (choice.mask(None) for choice in choices)
    everything = pairs(one, other, SHAPES)
    n = len(everything)
    assert found["weights"] == n == 2 * (16 + 16 + 24) + 16 + 120
    assert found["different"] == pytest.approx(sum(a != b for a, b in everything) / n)
    both, either = sum(a and b for a, b in everything), sum(a or b for a, b in everything)
    assert found["jaccard"] == pytest.approx(both / either)
    assert found["kappa"] == pytest.approx(kappa(everything))
    kept_a, kept_b = sum(a for a, _ in everything) / n, sum(b for _, b in everything) / n
    assert found["chance"] == pytest.approx(kept_a * (1 - kept_b) + kept_b * (1 - kept_a))
    assert found["chance_jaccard"] == pytest.approx(kept_a * kept_b / (kept_a + kept_b - kept_a * kept_b))
    inner = pairs(one, other, [name for name in SHAPES if "embeddings" not in name])
    assert found["different_without_embeddings"] == pytest.approx(sum(a != b for a, b in inner) / len(inner))
    assert found["kinds"] == list(KINDS)
    for place, names in enumerate(KINDS.values()):
        here = pairs(one, other, names)
        assert found["different_by_kind"][place] == pytest.approx(sum(a != b for a, b in here) / len(here))
        assert found["kappa_by_kind"][place] == pytest.approx(kappa(here))
    assert found["left_out"] == []


@pytest.mark.parametrize("part", ["pooler", "word_embeddings"])
@pytest.mark.parametrize("turned", [False, True])
def test_what_one_mask_alone_covers_is_left_out_and_told(tmp_path, part, turned):
    # The lot is drawn again for what comes after, so the others differ unless the part is the last one drawn.
    choices = [Drawn(seed=1, kept=0.7), Drawn(seed=2, kept=0.4, without=part)]
    found = compared(*reversed(choices) if turned else choices, tmp_path)
    one, other = (choice.mask(None) for choice in choices)
    shared = pairs(one, other, [name for name in SHAPES if part not in name])
    assert found["weights"] == len(shared)
    assert found["different"] == pytest.approx(sum(a != b for a, b in shared) / len(shared))
    assert found["left_out"] == [name for name in SHAPES if part in name]
    assert part.replace("_", " ") not in found["kinds"]
    assert len(found["kinds"]) == len(found["different_by_kind"]) == len(found["kappa_by_kind"]) == 4


def test_masks_of_two_models_and_no_mask_are_refused(tmp_path):
    with pytest.raises(ValueError, match="use masks of one model"):
        MaskDifference(one=Drawn(seed=1, kept=0.5), other=Drawn(seed=1, kept=0.5, without="layer.1")).perform(None)
    with pytest.raises(ValueError, match="Drawn and Nothing, one removes nothing and has no mask: give two"):
        MaskDifference(one=Drawn(seed=1, kept=0.5), other=Nothing()).perform(None)


def test_a_cut_of_a_model_and_the_same_cut_are_one_and_its_tensors_all_have_a_kind(tmp_path, bert_folder):
    cut = Cut(
        of=Given(model=bert_folder, data="hub"),
        importance="magnitude",
        scope="local",
        embeddings=True,
        sparsity=0.5,
        seed=0,
    )
    found = compared(cut, cut, tmp_path)
    assert (found["different"], found["jaccard"], found["kappa"]) == (0, 1, 1)
    assert found["chance"] == pytest.approx(0.5)
    assert found["kinds"] == [*families.KINDS, "pooler", "word embeddings"]
    assert found["weights"] == sum(kept.numel() for kept in cut.mask(Run(cut, tmp_path)).values())
