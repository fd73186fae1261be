"""Heads and neurons that go at a budget of weights: which, how many weights, and what is left of the score."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lottery import store
from lottery.component_importance import sample
from lottery.data.examples import seeded
from lottery.experiments.parts_cut import MASK, PartsCut
from lottery.experiments.starts import Own
from lottery.masks import files as mask_files
from lottery.pruning import components

HEAD, NEURON = 4 * 8 * 32, 2 * 32  # matrix weights of one, in a model 32 wide with heads of 8


@pytest.fixture
def cut(mood):
    return PartsCut(of=mood, importance="sample", sparsity=0.5, seed=1)


def test_those_go_that_matter_least_for_their_weights_until_the_budget_is_met(cut, mood, mood_runs):
    run = store.perform(cut, mood_runs)
    model, exam = mood.opened(run)
    scores = sample.score(
        model, exam.encoded(exam.tables["train"]), components.everything(model.config, neurons=True), seeded(1)
    )
    parts = [(float(value) / HEAD, HEAD, "heads", place) for place, value in enumerate(scores["heads"].flatten())]
    parts += [
        (float(value) / NEURON, NEURON, "neurons", place) for place, value in enumerate(scores["neurons"].flatten())
    ]
    gone, taken = {"heads": set(), "neurons": set()}, 0
    weights = 8 * HEAD + 128 * NEURON
    for _, weighs, kind, place in sorted(parts, key=lambda part: part[0]):
        if taken >= weights / 2:
            break
        gone[kind].add(place)
        taken += weighs
    mask = mask_files.load(run.path / MASK)[0]
    for kind, places in gone.items():
        assert {*(~mask[kind].flatten()).nonzero().flatten().tolist()} == places
    found = run.metrics
    assert (found["removed"], found["weights"]) == (taken, weights)
    assert 0 <= taken - weights / 2 < HEAD
    assert found["heads"] + len(gone["heads"]) == found["all_heads"] == 8
    assert found["gone"] == len(gone["heads"]) * (HEAD + 3 * 8) + len(gone["neurons"]) * (NEURON + 1)


def test_the_score_is_that_of_the_model_with_gates_at_zero(cut, mood, mood_runs):
    run = store.perform(cut, mood_runs)
    model, exam = mood.opened(run)
    components.remove(model, mask_files.load(run.path / MASK)[0])
    answers = run.read("answers.parquet")
    expected = exam.answering(exam.tables["dev"])(model)
    assert np.array_equal(answers["answer"].astype(int), expected)
    assert run.metrics["score"] == pytest.approx((expected == exam.tables["dev"]["label"]).mean())


def test_by_lot_as_much_goes_and_other_parts(cut, mood_runs):
    masks = [
        mask_files.load(store.perform(each, mood_runs).path / MASK)[0]
        for each in (replace(cut, importance="random"), replace(cut, importance="random", seed=2))
    ]
    weights = [
        sum(int((~mask[kind]).sum()) * each for kind, each in (("heads", HEAD), ("neurons", NEURON))) for mask in masks
    ]
    assert all(0 <= taken - (8 * HEAD + 128 * NEURON) / 2 < HEAD for taken in weights)
    assert not torch.equal(masks[0]["neurons"], masks[1]["neurons"])


def test_dev_has_no_part_in_the_choice(cut, mood_runs, monkeypatch):
    masks = [mask_files.load(store.perform(cut, mood_runs).path / MASK)[0]]
    tables = {split: table.copy() for split, table in cut.of.tables("own").items()}
    tables["dev"]["label"] = 1 - tables["dev"]["label"]
    monkeypatch.setattr(Own, "tables", lambda self, task: tables)
    masks.append(mask_files.load(store.perform(cut, mood_runs / "other").path / MASK)[0])
    assert all(torch.equal(kept, masks[1][kind]) for kind, kept in masks[0].items())
