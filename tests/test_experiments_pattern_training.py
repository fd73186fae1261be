"""Classifiers of attention patterns, trained on drawn maps and on one's own."""

from dataclasses import replace

import numpy as np
import pytest

from lottery import store
from lottery.attention.patterns import PATTERNS, labelled
from lottery.choices import choose
from lottery.experiments.pattern_training import PatternTraining

FEATURES = PatternTraining(classifier="features", drawn=40, seed=3)


def test_a_classifier_is_trained_on_the_maps_that_are_drawn_and_read_again(tmp_path):
    run = store.perform(FEATURES, tmp_path)
    maps, labels = labelled(40, seed=3)
    assert run.metrics["trained_on"] == 40
    assert run.metrics["of_patterns"] == [(labels == place).sum() for place in range(5)]
    module = choose("pattern_classifiers", "features")
    asked = labelled(9, seed=8)[0]
    expected = module.predict(module.fit(maps, labels, 3), asked)
    assert np.array_equal(FEATURES.classify(run)(asked), expected)


def test_what_learns_nothing_is_a_run_too(tmp_path):
    guide = PatternTraining(classifier="guide", drawn=0, seed=0)
    run = store.perform(guide, tmp_path)
    assert run.metrics == {"trained_on": 0, "of_patterns": [0] * 5}
    assert guide.classify(run)([np.eye(9)]).tolist() == [[1, 0, 0, 0, 0]]


def test_maps_of_ones_own_are_learnt_from_and_name_the_run(tmp_path):
    maps, labels = labelled(20, seed=5)
    folder = tmp_path / "mine"
    folder.mkdir()
    for place, each in enumerate(maps):
        np.save(folder / f"{place}.npy", each)
    lines = [f"{place}.npy,{PATTERNS[label]}" for place, label in enumerate(labels)]
    (folder / "labels.csv").write_text("\n".join(["file,label", *lines]))
    own = PatternTraining(classifier="prototype", drawn=0, seed=0, maps=str(folder))
    module = choose("pattern_classifiers", "prototype")
    expected = module.predict(module.fit(maps, labels, 0), maps)
    assert np.array_equal(own.classify(store.perform(own, tmp_path / "results"))(maps), expected)
    before = store.key(own)
    np.save(folder / "0.npy", maps[0] + 1)
    assert store.key(own) != before
    with pytest.raises(ValueError, match="give drawn = 0 to train on maps of your own"):
        store.perform(replace(own, drawn=5), tmp_path / "results")
