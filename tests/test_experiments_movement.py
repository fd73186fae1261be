"""Movement between two models, against lists sorted one by one, and the noise beside it."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
import torch
from transformers import BertConfig, BertForPreTraining

from lottery import store
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.movement import Movement
from lottery.models import families, opening
from lottery.store import Run


@pytest.fixture
def tuned(given):
    return FineTuning(
        start=given, task="cola", epochs=1.0, batch_size=8, learning_rate=3e-2, max_length=16, seed=3, saved=True
    )


def measured(tmp_path, before, after, **change):
    return store.perform(Movement(before=before, after=after, **({"embeddings": False, "seed": 0} | change)), tmp_path)


def by_hand(before, after):
    """For each matrix the pairs of ranks of its weights, from scipy."""
    return {
        name: [
            scipy.stats.rankdata(values[name].abs().flatten().numpy(), method="ordinal") - 1
            for values in (before, after)
        ]
        for name in before
    }


@pytest.mark.parametrize("embeddings", [False, True])
def test_movement_is_that_of_all_matrices_ranked_by_scipy(given, tuned, tmp_path, embeddings):
    found = measured(tmp_path, given, tuned, embeddings=embeddings).metrics
    folders = given.model, str(Run(tuned, tmp_path).path / "model")
    ranked = by_hand(*(opening.encoder_weights(folder, embeddings=embeddings) for folder in folders))
    assert found["matrices"] == list(ranked)
    assert found["sizes"] == [start.size for start, _ in ranked.values()]
    assert len(ranked) == 13 + embeddings
    shares = {name: np.abs(end - start) / start.size for name, (start, end) in ranked.items()}
    together = np.concatenate(list(shares.values()))
    assert (found["mean"], found["sd"]) == pytest.approx((together.mean(), together.std()))
    assert found["mean"] > 0.01
    assert found["mean_by_matrix"] == pytest.approx([each.mean() for each in shares.values()])
    assert found["sd_by_matrix"] == pytest.approx([each.std() for each in shares.values()])
    for number, bins in enumerate(("by_start", "by_end")):
        sums = np.zeros(100)
        for name, places in ranked.items():
            for rank, share in zip(places[number], shares[name], strict=True):
                sums[int(rank) * 100 // shares[name].size] += share
        assert found[bins] == pytest.approx(sums / sums.sum())
    start = np.concatenate([places[0] / places[0].size for places in ranked.values()])
    assert found["low_tenth"] == pytest.approx(together[start < 0.1].mean())
    assert found["high_tenth"] == pytest.approx(together[start >= 0.9].mean())


def test_a_model_beside_itself_has_not_moved(given, tmp_path):
    found = measured(tmp_path, given, given).metrics
    assert (found["mean"], found["sd"], found["noise_mean"], found["low_tenth"]) == (0, 0, 0, 0)
    assert np.isnan(found["by_start"]).all()


def shaken(model, tmp_path, tokenizer, size):
    """The model with normal noise of a size on every weight, saved."""
    found, generator = opening.for_pretraining(model), torch.Generator().manual_seed(9)
    with torch.no_grad():
        for name, weight in families.prunable(found, embeddings=True).items():
            assert weight.std() > 0.1, name
            weight.add_(size * torch.randn(weight.shape, generator=generator))
    opening.save(found, tokenizer, tmp_path / "shaken")
    return str(tmp_path / "shaken")


def test_what_has_moved_by_noise_moves_as_the_noise_beside_it(given, tmp_path, tokenizer):
    """One draw against another, over 3,600 weights and tenths of them; the lowest and the highest differ by more."""
    noisy = replace(given, model=shaken(given.model, tmp_path, tokenizer, 0.03))
    found = measured(tmp_path, given, noisy).metrics
    for what, within in {"mean": 0.1, "sd": 0.1, "low_tenth": 0.3}.items():
        assert found[f"noise_{what}"] == pytest.approx(found[what], rel=within), what
    assert found["noise_mean_by_matrix"] == pytest.approx(found["mean_by_matrix"], rel=0.3)
    assert found["high_tenth"] < 0.7 * found["low_tenth"]
    assert found["noise_high_tenth"] < 0.7 * found["noise_low_tenth"]
    again = measured(tmp_path, given, noisy, seed=1).metrics
    assert again["noise_mean"] != found["noise_mean"]
    assert again["mean"] == found["mean"]


def test_a_model_without_a_pooler_is_compared_without_it_and_another_shape_is_refused(
    given, tmp_path, tokenizer, config
):
    opening.save(opening.for_spans(given.model), tokenizer, tmp_path / "spans")
    found = measured(tmp_path, given, replace(given, model=str(tmp_path / "spans"))).metrics
    assert len(found["matrices"]) == 12
    assert found["mean"] == 0
    for change in ({"num_hidden_layers": 1}, {"intermediate_size": 32}):
        opening.save(
            BertForPreTraining(BertConfig(**(config.to_dict() | change))), tokenizer, tmp_path / next(iter(change))
        )
        other = replace(given, model=str(tmp_path / next(iter(change))))
        with pytest.raises(ValueError, match="not of one shape"):
            measured(tmp_path, given, other)
