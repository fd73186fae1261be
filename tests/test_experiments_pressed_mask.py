"""The strength that leaves as many weights as are wanted, found on curves and by training."""

import math
from dataclasses import fields, replace

import pandas as pd
import pytest
from scipy.optimize import brentq

from lottery import store
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.pressed_mask import PressedMask, next_strength
from lottery.masks import files as mask_files
from lottery.store import Run


def searched(curve, wanted, *, start, trials=12, near=1.05):
    """The strengths tried on a curve, strength -> share that remains, until one is near."""
    tried, strength = {}, start
    while len(tried) < trials:
        tried[strength] = curve(strength)
        if abs(math.log(tried[strength] / wanted)) <= math.log(near):
            break
        strength = next_strength(tried, wanted)
        if strength in tried:
            break
    return tried


@pytest.mark.parametrize("wanted", [0.8, 0.5, 0.1, 0.03])
@pytest.mark.parametrize("start", [0.01, 20.0, 5e4])
@pytest.mark.parametrize("steep", [0.7, 1.5])
def test_the_search_ends_where_a_root_finder_does(wanted, start, steep):
    def curve(strength):
        return 1 / (1 + (strength / 40) ** steep)

    tried = searched(curve, wanted, start=start)
    root = brentq(lambda log: curve(math.exp(log)) - wanted, -20, 20)
    *_, last = tried
    assert abs(math.log(curve(last) / wanted)) <= math.log(1.05)
    assert last == pytest.approx(math.exp(root), rel=0.4)


def test_a_curve_that_drops_at_once_is_closed_in_on():
    """No strength leaves a tenth: tried are ever nearer ones on both sides of the edge."""
    tried = searched(lambda strength: 0.11 if strength < 100 else 1e-9, 0.1, start=30.0, trials=14)
    above, below = min(each for each in tried if each >= 100), max(each for each in tried if each < 100)
    assert above / below < 1.2  # by the line alone, which expects the wanted share just beyond the weaker one, 1.5


def test_what_goes_up_and_down_by_chance_is_taken_at_the_strongest_that_left_too_many():
    assert 30 < next_strength({10.0: 0.05, 30.0: 0.2, 90.0: 0.02}, 0.1) < 90
    assert next_strength({10.0: 0.05, 30.0: 0.2}, 0.1) > 30


@pytest.fixture
def pressed(fine_tuning):
    how = {"epochs": 6.0, "ramp": 0.5, "batch_size": 8, "score_rate": 0.4, "weight_rate": 1e-3, "max_length": 16}
    return PressedMask(start=fine_tuning.start, task="cola", method="l0", sparsity=0.5, strength=0.5,
                       pressing="constant", seed=3, **how)  # fmt: skip


def test_the_nearest_of_the_trainings_is_taken(pressed, tmp_path):
    run = store.perform(replace(pressed, near=1.02, trainings=4), tmp_path)
    table = store.table(tmp_path, LearnedMask)
    assert len(table) == run.metrics["tried"] > 1
    assert set(table["sparsity"]) == {0.0}
    off = ((1 - table["sparsity_met"]) / 0.5).map(math.log).abs()
    best = table.loc[off.idxmin()]
    assert run.metrics["found"] == best["strength"] != pressed.strength
    assert {name: run.metrics[name] for name in ("score", "sparsity_met", "changed")} == pytest.approx(
        best[["score", "sparsity_met", "changed"]].to_dict(), nan_ok=True
    )
    stored, _ = mask_files.load(tmp_path / "LearnedMask" / best["key"] / "mask.safetensors")
    assert all(kept.equal(stored[name]) for name, kept in run.experiment.mask(run).items())
    assert run.read("answers.parquet").equals(
        Run(LearnedMask(**given(run.experiment, best["strength"])), tmp_path).read("answers.parquet")
    )


def given(experiment, strength):
    parameters = {field.name: getattr(experiment, field.name) for field in fields(LearnedMask)}
    return parameters | {"strength": strength, "sparsity": 0.0}


def test_a_search_that_was_stopped_takes_its_trainings_up_again(pressed, monkeypatch, tmp_path):
    search = replace(pressed, near=1.0001, trainings=3)
    undisturbed = store.perform(search, tmp_path / "a").metrics
    performed, perform = [], LearnedMask.perform

    def stopping(mask, run):
        performed.append(mask.strength)
        if len(performed) == 2:
            raise KeyboardInterrupt
        return perform(mask, run)

    monkeypatch.setattr(LearnedMask, "perform", stopping)
    with pytest.raises(KeyboardInterrupt):
        store.perform(search, tmp_path / "b")
    assert store.perform(search, tmp_path / "b").metrics == undisturbed
    assert len(performed) == 4
    assert performed[1] == performed[2] != performed[0]


def test_a_search_ends_where_nothing_lies_between(pressed, monkeypatch, tmp_path):
    """A method that leaves nearly all or nearly nothing, as if by a switch."""
    monkeypatch.setattr(LearnedMask, "perform", lambda mask, run: switched(mask, run))
    run = store.perform(replace(pressed, strength=90.0, trainings=99), tmp_path)
    assert run.metrics["tried"] == len(store.table(tmp_path, LearnedMask)) < 60


def switched(mask, run):
    run.once("answers.parquet", lambda: pd.DataFrame({"answer": ["0"]}))
    return {"sparsity_met": 0.05 if mask.strength < 100 else 0.95}


def test_what_cannot_be_searched_is_refused(pressed, tmp_path):
    with pytest.raises(ValueError, match="method = 'smp_l' aims at a sparsity: give one that does not, such as 'l0'"):
        store.perform(replace(pressed, method="smp_l"), tmp_path)
    with pytest.raises(ValueError, match="strength = 0: the search begins with a strength above 0"):
        store.perform(replace(pressed, strength=0.0), tmp_path)
