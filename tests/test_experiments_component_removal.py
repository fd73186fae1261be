"""Heads and MLPs removed alone and in pairs: against masks made by hand and the loss of the sliced model."""

import itertools

import numpy as np
import pytest
import torch

from lottery import store, training
from lottery.data.examples import seeded
from lottery.experiments.component_removal import ComponentRemoval
from lottery.pruning import components
from lottery.store import Run


def test_a_rise_is_the_loss_of_the_sliced_model_less_that_of_the_whole_one(fine_tuning, tmp_path):
    metrics = store.perform(ComponentRemoval(of=fine_tuning, pairs=5, seed=3), tmp_path).metrics
    model, exam = fine_tuning.opened(Run(fine_tuning, tmp_path))
    given = exam.encoded(exam.tables["dev"])
    whole = components.everything(model.config)
    layers, heads = whole["heads"].shape

    def loss(name, *places):
        kept = {kind: mask.clone() for kind, mask in whole.items()}
        for place in places:
            kept[name][place] = False
        return training.mean_loss(components.sliced(model, kept), given)

    dense = loss("heads")
    assert metrics["loss"] == pytest.approx(dense, abs=1e-6)
    places = [*itertools.product(range(layers), range(heads))]
    alone = [loss("heads", place) - dense for place in places]
    assert metrics["head_rises"] == pytest.approx(alone, abs=2e-6)
    assert metrics["mlp_rises"] == pytest.approx([loss("mlps", layer) - dense for layer in range(layers)], abs=2e-6)
    pairs = np.reshape(metrics["pair_heads"], (-1, 2))
    assert len({tuple(sorted(pair)) for pair in pairs.tolist()}) == 5
    for (one, other), rise, more in zip(pairs, metrics["pair_rises"], metrics["pair_mores"], strict=True):
        assert rise == pytest.approx(loss("heads", places[one], places[other]) - dense, abs=2e-6)
        assert more == pytest.approx(rise - alone[one] - alone[other], abs=5e-6)


def test_errors_are_those_of_means_over_examples_and_pairs_are_at_most_all(fine_tuning, tmp_path):
    metrics = store.perform(ComponentRemoval(of=fine_tuning, pairs=10_000, seed=3), tmp_path).metrics
    heads = len(metrics["head_rises"])
    assert len(metrics["pair_rises"]) == heads * (heads - 1) // 2
    model, exam = fine_tuning.opened(Run(fine_tuning, tmp_path))
    given = exam.encoded(exam.tables["dev"])
    kept = components.everything(model.config)
    kept["mlps"][1] = False
    gates = {name: part.float() for name, part in kept.items()}
    rises = []
    for row in range(len(given)):
        with torch.no_grad():
            whole = model.eval()(**given.batch([row])).loss.item()
            with components.gated(model, gates):
                rises.append(model(**given.batch([row])).loss.item() - whole)
    assert metrics["mlp_errors"][1] == pytest.approx(np.std(rises, ddof=1) / len(rises) ** 0.5, rel=1e-3)
    half = torch.randperm(len(rises), generator=seeded(3)).tolist()[: (len(rises) + 1) // 2]
    assert metrics["mlp_halves"][1] == pytest.approx(np.mean([rises[row] for row in half]), abs=1e-6)
    assert metrics["examples"] == len(rises)
