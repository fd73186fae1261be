"""Random subnetworks beside the good and the bad one: against masks drawn and models sliced by hand."""

import pytest
import torch

from lottery import store
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.pruned_score import PrunedScore
from lottery.experiments.random_cuts import RandomCuts
from lottery.experiments.subnetworks import Bad
from lottery.pruning import components
from lottery.store import Run


@pytest.fixture
def search(fine_tuning):
    return ComponentSearch(of=fine_tuning, importance="sample", mode="both", heads_share=0.3)


def test_each_is_the_score_of_a_subnetwork_of_the_good_ones_size(search, fine_tuning, tmp_path, monkeypatch):
    good = components.everything(fine_tuning.opened(Run(fine_tuning, tmp_path))[0].config)
    good["heads"][0, 1:] = good["mlps"][1] = False
    monkeypatch.setattr(ComponentSearch, "mask", lambda self, run: good)
    seen, sliced = [], components.sliced
    monkeypatch.setattr(
        components, "sliced", lambda model, kept, **how: seen.append(kept) or sliced(model, kept, **how)
    )
    metrics = store.perform(RandomCuts(like=search, draws=40, seed=3), tmp_path).metrics
    draws = seen[:40]
    for kept, heads, mlps in zip(draws, metrics["good_heads"], metrics["good_mlps"], strict=True):
        assert {name: int(mask.sum()) for name, mask in kept.items()} == {"heads": 5, "mlps": 1}
        assert heads == sum(a and b for a, b in zip(kept["heads"].view(-1), good["heads"].view(-1), strict=True))
        assert mlps == int(kept["mlps"][0])
    assert len({tuple(kept["heads"].flatten().tolist()) for kept in draws}) > 20
    assert torch.stack([kept["heads"].flatten() for kept in draws]).any(0).all()
    model, exam = fine_tuning.opened(Run(fine_tuning, tmp_path))
    assert metrics["scores"][7] == pytest.approx(exam.score(sliced(model, draws[7]))[0]["score"], nan_ok=True)
    assert metrics["dense_score"] == pytest.approx(exam.score(model)[0]["score"], nan_ok=True)
    assert (metrics["heads"], metrics["all_heads"], metrics["mlps"], metrics["all_mlps"]) == (5, 8, 1, 2)


def test_good_and_bad_are_those_that_the_chapter_scores(search, fine_tuning, tmp_path):
    metrics = store.perform(RandomCuts(like=search, draws=1, seed=3), tmp_path).metrics
    for name, kept in {"good": search, "bad": Bad(like=search, seed=3)}.items():
        scored = store.perform(PrunedScore(of=fine_tuning, kept=kept), tmp_path).metrics
        assert metrics[f"{name}_score"] == pytest.approx(scored["score"], nan_ok=True)
        assert metrics["majority"] == scored["majority"]
