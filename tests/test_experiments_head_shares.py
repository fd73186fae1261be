"""The shares of heads that masks remove: counted one by one, and the chance level by drawing masks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lottery import masks, store
from lottery.experiments.head_shares import HeadShares
from lottery.experiments.tickets import Cut
from lottery.models import families, opening


def cut(of, **change):
    told = {"importance": "magnitude", "scope": "local", "embeddings": True, "sparsity": 0.4, "seed": 1}
    return Cut(of=of, **(told | change))


@pytest.mark.parametrize("change", [{}, {"scope": "global"}, {"sparsity": 0.9, "embeddings": False, "pooler": False}])
def test_the_share_of_a_head_is_counted_over_its_rows_and_columns(given, tmp_path, change):
    run = store.perform(HeadShares(kept=cut(given, **change), of=given), tmp_path)
    mask = cut(given, **change).mask(run)
    expected = []
    for layer in range(2):
        for head in range(4):
            gone = 0
            for matrix in ("self.query", "self.key", "self.value", "output.dense"):
                kept = mask[f"encoder.layer.{layer}.attention.{matrix}.weight"]
                for row in range(16):
                    for column in range(16):
                        inside = (column if matrix == "output.dense" else row) // 4 == head
                        gone += inside and not kept[row, column]
            expected.append(gone / (4 * 4 * 16))
    found = run.metrics
    assert found["shares"] == pytest.approx(expected)
    assert found["layers"] == 2
    assert [found[what] for what in ("mean", "lowest", "highest", "sd")] == pytest.approx(
        [np.mean(expected), min(expected), max(expected), np.std(expected)]
    )
    assert found["sd"] > 0


def test_the_chance_level_is_the_spread_of_masks_drawn_at_random(given, tmp_path, bert_folder):
    """Within 5% over 400 draws; the heads of a layer share what goes of it, so they are not independent."""
    found = store.perform(HeadShares(kept=cut(given, importance="random"), of=given), tmp_path).metrics
    config = opening.configuration(bert_folder)
    shapes = {name: w.shape for name, w in opening.encoder_weights(bert_folder, embeddings=False).items()}
    generator = torch.Generator().manual_seed(2)
    squares = []
    for _ in range(400):
        drawn = {name: torch.rand(shape, generator=generator) for name, shape in shapes.items()}
        heads = families.by_head(masks.keep_highest_in_each(drawn, 0.4), config)
        squares.append(np.var([1 - part.double().mean().item() for part in heads.values()]))
    assert found["chance_sd"] == pytest.approx(np.sqrt(np.mean(squares)), rel=0.05)


def test_where_layers_lose_unequal_shares_chance_has_that_difference_too(given, tmp_path, tokenizer, bert_folder):
    """The first layer's weights are halved, so that a global cut takes more of them."""
    model = opening.for_pretraining(bert_folder)
    with torch.no_grad():
        for name, weight in families.prunable(model, embeddings=False).items():
            weight.mul_(0.5 if "layer.0." in name else 1.0)
    opening.save(model, tokenizer, tmp_path / "halved")
    given = replace(given, model=str(tmp_path / "halved"))
    kept = cut(given, scope="global", sparsity=0.5)
    run = store.perform(HeadShares(kept=kept, of=given), tmp_path)
    mask = kept.mask(run)
    generator = torch.Generator().manual_seed(2)
    squares = []
    for _ in range(400):
        drawn = {}
        for name, each in mask.items():
            order = torch.randperm(each.numel(), generator=generator)
            drawn[name] = each.flatten()[order].view_as(each)
        heads = families.by_head(drawn, opening.configuration(bert_folder))
        squares.append(np.var([1 - part.double().mean().item() for part in heads.values()]))
    assert run.metrics["chance_sd"] == pytest.approx(np.sqrt(np.mean(squares)), rel=0.05)


def test_where_nothing_is_removed_no_head_loses_anything(given, tmp_path):
    for kept in (given, cut(given, sparsity=0.0)):
        found = store.perform(HeadShares(kept=kept, of=given), tmp_path).metrics
        assert found["shares"] == [0.0] * 8
        assert (found["mean"], found["sd"], found["chance_sd"]) == (0, 0, 0)
