"""Drawn maps hold what their labels say, by plain counts; pictures of maps; classifiers on what they have to tell."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lottery.attention.patterns import PATTERNS, counts, drawn, labelled, prepared
from lottery.choices import choose
from lottery.pattern_classifiers import features, guide, network, prototype


def counted(attention, ends):
    """The guide's counts by loops over cells: of a line, of a column."""
    n = len(attention)
    ordered = np.sort(attention.flatten())
    place = 0.99 * (n * n - 1)
    level = ordered[int(place)] + (place - int(place)) * (ordered[min(int(place) + 1, n * n - 1)] - ordered[int(place)])
    segment = [sum(row > end for end in ends[:-1]) for row in range(n)]

    def bright(row, column):
        own = [attention[row, other] for other in range(n) if segment[other] == segment[column]]
        return attention[row, column] >= 0.2 * level and attention[row, column] >= 2 * np.median(own)

    lines = [
        sum(bright(row, row + offset) for row in range(n) if 0 <= row + offset < n) / n for offset in (-2, -1, 0, 1, 2)
    ]
    return max(lines), max(sum(bright(row, column) for row in range(n)) / n for column in range(n))


@pytest.mark.parametrize("ends", [[], [11], [4, 11]])
def test_a_map_is_counted_as_the_guide_asks(ends):
    generator = np.random.default_rng(0)
    for name in PATTERNS:
        found = drawn(name, generator, tokens=12).astype(float)
        told = counts(found, ends)
        assert told[:2] == pytest.approx(counted(found, ends or [11])), name
    rows = found / found.sum(1, keepdims=True)
    borders = [0, 5, 12] if len(ends) == 2 else [0, 12]
    means = np.zeros_like(rows)
    for top, bottom in pairwise(borders):
        for left, right in pairwise(borders):
            means[top:bottom, left:right] = rows[top:bottom, left:right].mean()
    assert told.uneven == pytest.approx(np.sqrt(((rows - means) ** 2).sum() / (means**2).sum()))


def test_the_borders_between_patterns():
    even = np.full((10, 10), 0.1)
    assert counts(even) == pytest.approx((0, 0, 0))
    striped = even.copy()
    striped[:7, 3] = 1
    assert counts(striped)[:2] == (0.1, 0.7)
    lined = even.copy()
    lined[range(6), range(1, 7)] = 1
    assert counts(lined)[:2] == (0.6, 0.1)
    blocks = np.kron(np.eye(2), np.full((5, 5), 0.2)) + 1e-3
    assert counts(blocks, [4, 9]) == pytest.approx((0, 0, 0), abs=1e-6)
    assert counts(blocks)[:2] == (0, 0.5) or counts(blocks).uneven > 0.9


def test_drawn_maps_show_what_their_labels_say():
    """By the guide's own borders, a line in half of the rows, a column in two thirds, without the segments."""
    generator, right = np.random.default_rng(0), []
    for name in PATTERNS[:3]:
        for number in range(15):
            found = drawn(name, generator, tokens=20, normed=number % 2 == 0).astype(float)
            line, column = counted(found, [19])
            right.append((line >= 0.5) == ("diagonal" in name) and (column >= 2 / 3) == ("vertical" in name))
    assert np.mean(right) > 0.9
    uneven = {
        name: [counts(drawn(name, generator, tokens=20)).uneven for _ in range(30)]
        for name in ("block", "heterogeneous")
    }
    assert np.median(uneven["block"]) < 0.7 < 0.9 < np.median(uneven["heterogeneous"])


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
    assert model(torch.zeros(2, 1, 32, 32)).shape == (2, 5)
    assert model[:-4](torch.zeros(1, 1, 32, 32)).shape == (1, 64, 8, 8)  # nothing is lost at the border


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


def test_the_network_learns_and_is_the_same_for_the_same_seed(monkeypatch):
    monkeypatch.setattr(network, "STEPS", 45)  # two patterns take no more
    maps, labels = labelled(80, seed=2, tokens=(12, 20))
    keep = np.isin(labels, [0, 1])
    maps, labels = [each for each, kept in zip(maps, keep, strict=True) if kept], labels[keep]
    state = torch.get_rng_state()
    one, other = (network.predict(network.fit(maps, labels, 4), maps) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    assert np.array_equal(one, other)
    assert (one.argmax(1) == labels).mean() > 0.9


def test_the_guide_learns_nothing_and_tells_by_its_counts():
    even = np.full((10, 10), 0.1)
    striped, lined, both, scattered = (even * 0.1 for _ in range(4))
    striped[:7, 3] = both[:7, 3] = 1
    lined[range(5), range(5)] = both[range(5), range(5)] = 1
    scattered[range(10), [3, 9, 1, 7, 0, 2, 8, 4, 6, 5]] = 1
    weak = even * 0.1
    weak[:6, 3] = 1  # fewer than two thirds
    found = guide.predict(guide.fit([], np.array([]), 0), [lined, striped, both, even, scattered, weak])
    assert [PATTERNS[place] for place in found.argmax(1)] == [*PATTERNS, "heterogeneous"]
    assert np.array_equal(found.sum(1), np.ones(6))


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
