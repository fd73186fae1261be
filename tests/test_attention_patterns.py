"""Drawn maps hold what their labels say, by plain counts; pictures of maps; classifiers on what they have to tell."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lottery.attention_patterns import PATTERNS, drawn, labelled, prepared
from lottery.choices import choose
from lottery.pattern_classifiers import features, network, prototype


def share_on_a_line(attention):
    """Mean share of a row that lies within three steps of the diagonal, less what an even row has there."""
    n = len(attention)
    near = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 3
    rows = attention / attention.sum(1, keepdims=True)
    return float((rows * near).sum(1).mean() - near.mean())


def share_of_columns(attention):
    """Share of the mass in the four largest columns, by the median over rows."""
    rows = attention / attention.sum(1, keepdims=True)
    largest = np.argsort(rows.sum(0))[-4:]
    return float(np.median(rows[:, largest].sum(1)))


def test_maps_hold_what_their_labels_say():
    generator = np.random.default_rng(0)
    lines, columns = ({name: [] for name in PATTERNS} for _ in range(2))
    for name in PATTERNS:
        for _ in range(60):
            found = drawn(name, generator, tokens=24)
            lines[name].append(share_on_a_line(found))
            columns[name].append(share_of_columns(found))
    lines, columns = ({name: np.mean(values) for name, values in told.items()} for told in (lines, columns))
    assert min(lines["diagonal"], lines["vertical+diagonal"]) > 0.2 > max(lines["vertical"], lines["block"])
    assert min(columns["vertical"], columns["vertical+diagonal"]) > 0.45
    assert columns["block"] < 0.35
    assert lines["heterogeneous"] < lines["vertical+diagonal"]
    assert columns["heterogeneous"] < columns["vertical+diagonal"]


def test_rows_of_probabilities_sum_to_one_and_those_of_norms_do_not():
    generator = np.random.default_rng(1)
    for name in PATTERNS:
        found = drawn(name, generator, tokens=13)
        assert found.shape == (13, 13)
        assert found.dtype == np.float32
        assert (found >= 0).all()
        assert found.sum(1) == pytest.approx(np.ones(13), abs=1e-5)
        assert np.abs(drawn(name, generator, tokens=13, normed=True).sum(1) - 1).max() > 0.01
    with pytest.raises(ValueError, match="from 8 tokens on"):
        drawn("block", generator, tokens=7)


def test_a_set_is_drawn_by_its_seed_with_all_patterns_alike_often():
    maps, labels = labelled(23, seed=3, tokens=(9, 12))
    again, same = labelled(23, seed=3, tokens=(9, 12))
    assert all(np.array_equal(one, other) for one, other in zip(maps, again, strict=True))
    assert labels.tolist() == same.tolist() != labelled(23, seed=4)[1].tolist()
    assert sorted(np.bincount(labels)) == [4, 4, 5, 5, 5]
    assert {len(each) for each in maps} == {9, 10, 11, 12}
    assert {len(each) for each in labelled(300, seed=0)[0]} == set(range(10, 49))
    assert all(each.sum(1) == pytest.approx(1, abs=1e-4) for each in labelled(20, seed=0, normed=0)[0])


def test_pictures_are_of_one_size_and_brightness():
    small, large = np.zeros((3, 3)), np.zeros((96, 96))
    small[1, 2] = 5.0
    large[:, 10:12] = 0.25
    found = prepared([small, large, np.zeros((4, 4))], side=48)
    assert found.shape == (3, 1, 48, 48)
    bright = (found[0, 0] > 0.5).nonzero()
    assert (bright.min(0).values.tolist(), bright.max(0).values.tolist()) == ([16, 32], [31, 47])
    assert found[1, 0, :, 5].tolist() == pytest.approx([1.0] * 48)
    assert found[1].sum() == pytest.approx(48)
    assert found[2].sum() == 0
    assert torch.equal(prepared([small * 7])[0], prepared([small])[0])


def test_the_numbers_of_a_map_are_counted_by_hand():
    eye = np.eye(5)
    found = features.numbers(eye * 3)
    assert found[:7] == [0, 0, 0, 1, 0, 0, 0]
    assert found[7:10] == pytest.approx([0.2, 0.2, 0.2])
    assert found[10:] == pytest.approx([0, 0], abs=1e-6)
    stripe = np.zeros((5, 5))
    stripe[:, 2] = 1
    told = features.numbers(stripe)
    assert told[:7] == pytest.approx([0.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.0])
    assert told[7:10] == [1, 0, 0]
    even = features.numbers(np.full((5, 5), 0.1))
    assert even[10] == pytest.approx(1)


def test_the_network_has_the_layers_of_the_released_code():
    torch.manual_seed(0)
    model = network.network()
    shapes = [tuple(layer.weight.shape) for layer in model if isinstance(layer, torch.nn.Conv2d)]
    assert shapes == [
        (16, 1, 3, 3),
        (16, 16, 3, 3),
        (32, 16, 3, 3),
        (32, 32, 3, 3),
        (64, 32, 3, 3),
        (64, 64, 3, 3),
        (16, 64, 1, 1),
        (5, 16, 1, 1),
    ]
    kinds = [type(layer).__name__ for layer in model]
    assert [place for place, kind in enumerate(kinds) if kind == "MaxPool2d"] == [4, 9]
    assert model(torch.zeros(2, 1, 48, 48)).shape == (2, 5)


def test_the_baselines_tell_lines_from_columns():
    """Two patterns that nobody confuses."""
    generator = np.random.default_rng(5)
    names = ["diagonal", "vertical"] * 60
    maps = [drawn(name, generator, tokens=int(generator.integers(10, 30))) for name in names]
    labels = np.array([PATTERNS.index(name) for name in names])
    rest, more = labelled(60, seed=1)
    for name in ("features", "prototype"):
        classifier = choose("pattern_classifiers", name)
        learnt = classifier.fit([*maps[:80], *rest], np.concatenate([labels[:80], more]), 0)
        found = classifier.predict(learnt, maps[80:])
        assert found.shape == (40, 5)
        assert found.sum(1) == pytest.approx(np.ones(40), abs=1e-5)
        assert (found.argmax(1) == labels[80:]).mean() > 0.8, name


def test_the_network_learns_and_is_the_same_for_the_same_seed():
    maps, labels = labelled(80, seed=2, tokens=(12, 20))
    keep = np.isin(labels, [0, 1])
    maps, labels = [each for each, kept in zip(maps, keep, strict=True) if kept], labels[keep]
    state = torch.get_rng_state()
    one, other = (network.predict(network.fit(maps, labels, 4, epochs=25), maps) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    assert np.array_equal(one, other)
    assert (one.argmax(1) == labels).mean() > 0.9


def test_the_prototype_is_the_nearest_mean():
    maps, labels = labelled(60, seed=6)
    found = prototype.predict(prototype.fit(maps, labels, 0), maps).argmax(1)
    pictures = prepared(maps).flatten(1).numpy()
    assert found.tolist() == NearestCentroid().fit(pictures, labels).predict(pictures).tolist()


def test_the_regression_is_that_of_scikit_learn():
    maps, labels = labelled(60, seed=7)
    told = [features.numbers(each) for each in maps]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(told, labels)
    found = features.predict(features.fit(maps, labels, 0), maps)
    assert found == pytest.approx(model.predict_proba(told), abs=1e-9)
