"""Scores of all heads and MLPs of a fine-tuned model."""

import numpy as np
import pytest
import torch

from lottery import store
from lottery.experiments.component_scores import ComponentScores
from lottery.pruning import components
from lottery.store import Run


def test_the_order_of_the_data_changes_the_scores_that_depend_on_it_alone(fine_tuning, tmp_path):
    def scores(importance, order):
        # One batch would have one order.
        return store.perform(ComponentScores(of=fine_tuning, importance=importance, order=order), tmp_path).metrics

    usual, shuffled = (scores("sample", order) for order in (0, 5))
    assert usual["head_scores"] == pytest.approx(shuffled["head_scores"], rel=1e-4)
    norms = torch.tensor(usual["head_scores"]).reshape(2, 4)
    assert usual["normalised"] == pytest.approx((norms / norms.norm(dim=1, keepdim=True)).flatten().tolist(), rel=1e-5)
    assert scores("attention_entropy", 0)["mlp_scores"] == []
    assert usual["layers"] == 2


@pytest.mark.parametrize("where", ["dev", "train"])
def test_a_score_is_the_mean_size_of_the_gates_gradients_over_the_examples_where_it_is_taken(
    fine_tuning, tmp_path, where
):
    """By central differences of the loss of one example at a time, a gate moved by a hundredth to either side."""
    metrics = store.perform(ComponentScores(of=fine_tuning, importance="sample", where=where), tmp_path).metrics
    model, exam = fine_tuning.opened(Run(fine_tuning, tmp_path))
    model.eval().double()
    table = exam.tables[where]
    given = exam.encoded(table)

    def losses(kind, place, value):
        gates = {name: mask.double() for name, mask in components.everything(model.config).items()}
        gates[kind][place] = value
        with components.gated(model, gates), torch.no_grad():
            return np.array([model(**given.batch([row])).loss.item() for row in range(len(table))])

    for kind, place, score in (
        ("heads", (1, 2), metrics["head_scores"][6]),
        ("heads", (0, 0), metrics["head_scores"][0]),
        ("mlps", (1,), metrics["mlp_scores"][1]),
    ):
        slopes = (losses(kind, place, 1.01) - losses(kind, place, 0.99)) / 0.02
        assert score == pytest.approx(np.abs(slopes).mean(), rel=1e-3)
