"""Runs of learned masks as one table, and differences of it in plain loops."""

import math
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp
from statsmodels.stats.proportion import proportion_confint

from lottery import store
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.miniature import Miniature
from lottery.experiments.pressed_mask import PressedMask
from lottery.experiments.starts import Given
from lottery.findings import learned_masks

HOW = {"epochs": 1.0, "batch_size": 8, "max_length": 24}


def full(start, task="cola", seed=1):
    return FineTuning(start=start, task=task, learning_rate=1e-3, seed=seed, saved=True, **HOW)


def mask(start, task="cola", seed=1, **change):
    rates = {"ramp": 0.5, "score_rate": 0.02, "weight_rate": 1e-3, "strength": 1.0, "pressing": "run"}
    given = {"method": "smp_l", "sparsity": 0.5} | rates | HOW | change
    return LearnedMask(start=start, task=task, seed=seed, **given)


def pressed(start):
    """A search for the strength that leaves 30%, within a quarter."""
    of = mask(start, method="l0", sparsity=0.7)
    return PressedMask(**{field.name: getattr(of, field.name) for field in fields(of)})


def row(experiment, **metrics):
    """As `store.rows` makes it of a finished run."""
    return {"experiment": type(experiment).__name__, **store.flattened(experiment), "majority": 0.4, **metrics}


NAMED = ["model", "world", "task", "seed", "method", "title", "aimed", "rise", "head", "guided", "asked", "met"]


def test_runs_are_named_by_model_method_rise_head_and_teacher():
    bert, roberta = (Miniature(seed=7, steps=5, family=family) for family in ("bert", "roberta"))
    given = Given(model="minilm", data="nowhere")
    taught = mask(roberta, "squad", teacher=full(roberta, "squad"), guided="printed", head="mlm", rise="linear")
    pulls = {"loss_pull": 4.0, "regulariser_pull": 3.0}
    rows = learned_masks.scored(
        pd.DataFrame(
            [
                row(full(bert), score=0.5),
                row(bert),
                row(mask(bert, sparsity=0.9), score=math.nan, sparsity_met=0.901, **pulls),
                row(taught, score=0.7, exact_match=0.6, sparsity_met=0.5, majority=math.nan),
                row(mask(given, method="movement"), score=0.3, sparsity_met=0.5),
                row(mask(given, method="l0", sparsity=0.0, strength=0.0), score=0.4, sparsity_met=0.7),
                row(pressed(given), score=0.4, sparsity_met=0.65, found=60.0, **pulls),
                row(pressed(given), score=0.4, sparsity_met=0.62, found=60.0),
            ]
        )
    )
    assert rows[NAMED].to_numpy().tolist() == [
        ["miniature BERT", 7, "cola", 1, "full", "full fine-tuning", True, "", "", "", 0.0, 0.0],
        ["miniature BERT", 7, "cola", 1, "smp_l", "SMP-L", True, "cubic", "random", "", 0.9, 0.901],
        ["miniature RoBERTa", 7, "squad", 1, "smp_l", "SMP-L", True, "linear", "mlm", "printed", 0.5, 0.5],
        ["minilm", -1, "cola", 1, "movement", "movement, regularised", True, "cubic", "random", "", 0.5, 0.5],
        ["minilm", -1, "cola", 1, "l0", "L0", False, "cubic", "random", "", 0.0, 0.7],
        ["minilm", -1, "cola", 1, "l0", "L0", True, "cubic", "random", "", 0.7, 0.65],
        ["minilm", -1, "cola", 1, "l0", "L0", False, "cubic", "random", "", 0.7, 0.62],
    ]
    assert rows["score"].tolist() == [0.5, 0.0, 0.7, 0.3, 0.4, 0.4, 0.4]
    assert rows["exact_match"].dropna().tolist() == [0.6]
    assert rows["majority"].tolist() == [0.4, 0.4, 0.0, 0.4, 0.4, 0.4, 0.4]
    assert learned_masks.stuck(rows).tolist() == [False, True, False, True, True, True, True]
    assert rows["pull"].tolist() == pytest.approx(
        [math.nan, 1.0 * 3 / 4, *[math.nan] * 3, 60 * 3 / 4, math.nan], nan_ok=True
    )


def test_runs_without_a_miniature_or_without_masks_have_the_same_columns():
    given = Given(model="minilm", data="nowhere")
    rows = learned_masks.scored(pd.DataFrame([row(full(given), score=0.5)]))
    assert rows[["model", "method", "rise", "guided", "asked"]].to_numpy().tolist() == [["minilm", "full", "", "", 0.0]]


def test_a_difference_is_the_mean_over_the_tasks_of_each_seed():
    generator = np.random.default_rng(1)
    scores = {
        (method, task, seed): generator.random()
        for method in ("smp_l", "movement")
        for task in ("cola", "sst2", "qnli")
        for seed in (1, 2, 3)
    }
    del scores["movement", "qnli", 3]
    for seed in (1, 2, 3):
        del scores["movement", "sst2", seed]
    rows = pd.DataFrame(
        [{"method": m, "task": t, "seed": s, "asked": 0.5, "score": value} for (m, t, s), value in scores.items()]
    ).assign(world=1)
    one, other = ({"method": method, "asked": 0.5} for method in ("smp_l", "movement"))
    more = learned_masks.difference(rows, "score", one, other)
    for seed in (1, 2):
        each = [scores["smp_l", task, seed] - scores["movement", task, seed] for task in ("cola", "qnli")]
        assert more[seed] == pytest.approx(sum(each) / 2)
    assert math.isnan(more[3])
    assert learned_masks.difference(rows, "score", one, other | {"asked": 0.9}).empty
    assert learned_masks.difference(rows[:0], "score", one, other).empty


def scores(**tasks):
    """{"cola": {seed: score}} as a series by seed and task."""
    rows = [(seed, task, score) for task, by_seed in tasks.items() for seed, score in by_seed.items()]
    return pd.DataFrame(rows, columns=["seed", "task", "score"]).set_index(["seed", "task"])["score"]


def test_seeds_are_told_apart_on_the_same_tasks():
    one = scores(
        cola={1: 0.5, 2: 0.7, 3: 0.1}, sst2={1: 0.9, 2: 0.8, 3: 0.7}, rte={1: 0.9}, mrpc={1: 0.1, 2: 0.2, 3: 0.3}
    )
    other = scores(cola={1: 0.4, 2: 0.3}, sst2={1: 0.6, 2: 0.6, 3: 0.6}, rte={1: 0.1}, qnli={1: 0.3})
    more = learned_masks.by_seed(one, other)  # rte has one seed, mrpc and qnli one side; cola lacks a run with seed 3
    assert more.index.tolist() == [1, 2, 3]
    assert more[1] == pytest.approx((0.1 + 0.3) / 2)
    assert more[2] == pytest.approx((0.4 + 0.2) / 2)
    assert math.isnan(more[3])
    assert learned_masks.by_seed(one[:0], other).empty


def test_two_scores_of_a_seed_and_task_are_refused():
    one = scores(cola={1: 0.5})
    with pytest.raises(ValueError, match="more than one score"):
        learned_masks.by_seed(pd.concat([one, one]), one)


def tried() -> dict[tuple, float]:
    """Made-up scores by (method, asked, task, seed): two masks at two sparsities and the full model, three seeds."""
    generator = np.random.default_rng(2)
    places = [(method, asked) for method in ("smp_l", "movement") for asked in (0.5, 0.9)] + [("full", 0.0)]
    return {
        (*place, task, seed): generator.random() for place in places for task in ("cola", "qnli") for seed in (1, 2, 3)
    }


def table(scores: dict[tuple, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"method": m, "asked": asked, "task": t, "seed": s, "score": value, "world": 1}
            for (m, asked, t, s), value in scores.items()
        ]
    )


@pytest.mark.parametrize("other", ["movement", "full"])
def test_an_advantage_at_each_sparsity_has_the_interval_of_scipy(other):
    scores = tried()
    against = learned_masks.WHOLE if other == "full" else {"method": other}
    advantages = learned_masks.advantages(table(scores), {"method": "smp_l"}, against)
    assert list(advantages) == [0.5, 0.9]
    for asked, each in advantages.items():
        more = [
            50 * sum(
                scores["smp_l", asked, task, seed] - scores[other, 0.0 if other == "full" else asked, task, seed]
                for task in ("cola", "qnli")
            )
            for seed in (1, 2, 3)
        ]  # fmt: skip
        interval = ttest_1samp(more, 0).confidence_interval(0.95)
        assert tuple(each) == pytest.approx((sum(more) / 3, *interval))


def test_a_sparsity_at_which_one_of_the_two_was_not_tried_is_left_out():
    rows = table({place: score for place, score in tried().items() if place[:2] != ("movement", 0.9)})
    assert list(learned_masks.advantages(rows, {"method": "smp_l"}, {"method": "movement"})) == [0.5]
    assert list(learned_masks.advantages(rows, {"method": "movement"}, {"method": "smp_l"})) == [0.5]
    assert learned_masks.advantages(rows, {"method": "smp_l"}, {"method": "magnitude"}) == {}


def test_an_advantage_of_which_a_seed_lacks_a_run_is_not_defined():
    rows = table({place: score for place, score in tried().items() if place != ("movement", 0.5, "cola", 2)})
    advantages = learned_masks.advantages(rows, {"method": "smp_l"}, {"method": "movement"})
    assert math.isnan(advantages[0.5].mean)
    assert not math.isnan(advantages[0.9].mean)


def test_an_advantage_over_all_places_is_the_mean_over_them_seed_by_seed():
    scores = {
        (*place, rise): score + (rise == "linear") * (0.01 * place[3] + 0.1 * place[1])
        for place, score in tried().items()
        for rise in (("cubic", "linear") if place[0] != "full" else ("",))
    }
    rows = pd.concat(
        table({place[:4]: score for place, score in scores.items() if place[4] == rise}).assign(rise=rise)
        for rise in ("cubic", "linear", "")
    )
    alike = ["method", "asked"]
    mean = learned_masks.over_all(rows, {"rise": "linear"}, {"rise": "cubic"}, alike)
    more = [100 * (0.01 * seed + 0.07) for seed in (1, 2, 3)]
    assert tuple(mean) == pytest.approx((sum(more) / 3, *ttest_1samp(more, 0).confidence_interval(0.95)))
    assert learned_masks.over_all(rows, {"rise": "linear"}, {"rise": "none"}, alike) is None


def test_of_several_worlds_each_counts_once_and_its_seeds_are_paired():
    """World 3 has a seed that one of the two lacks; its other one stands for it."""
    generator = np.random.default_rng(4)
    scores = {
        (world, seed, task, method): generator.random()
        for world in (1, 2, 3)
        for seed in (1, 2)
        for task in ("cola", "qnli")
        for method in ("smp_l", "movement")
    }
    del scores[3, 2, "cola", "movement"]
    names = ["world", "seed", "task", "method"]
    rows = pd.DataFrame([dict(zip(names, place, strict=True), score=s, asked=0.5) for place, s in scores.items()])
    one, other = {"method": "smp_l"}, {"method": "movement"}
    expected = []
    for world in (1, 2, 3):
        tasks = []
        for task in ("cola", "qnli"):
            both = [seed for seed in (1, 2) if (world, seed, task, "movement") in scores]
            tasks.append(np.mean([scores[world, s, task, "smp_l"] - scores[world, s, task, "movement"] for s in both]))
        expected.append(100 * np.mean(tasks))
    (found,) = learned_masks.advantages(rows, one, other).values()
    assert tuple(found) == pytest.approx((np.mean(expected), *ttest_1samp(expected, 0).confidence_interval(0.95)))
    with pytest.raises(ValueError, match="more than one score"):
        learned_masks.advantages(pd.concat([rows, rows]), one, other)


def test_runs_that_learn_are_counted_apart_from_how_well_they_do():
    """The majority-class baseline gets .5 and the full model .9 on SST-2: at .6 a run has gone a quarter of the way."""
    common = {"title": "SMP-L", "method": "smp_l", "asked": 0.9, "aimed": True}
    rows = [common | {"task": "sst2", "majority": 0.5, "score": score} for score in (0.5, 0.59, 0.61, 0.8, 0.84)]
    rows += [common | {"task": "rte", "majority": 0.5, "score": 0.7}]  # which the full model does not learn
    rows += [common | {"task": "sst2", "majority": 0.5, "score": 0.9, "aimed": False}]
    whole = {"title": "full fine-tuning", "method": "full", "asked": 0.0, "aimed": True, "majority": 0.5}
    rows += [whole | {"task": "sst2", "score": 0.9}, whole | {"task": "rte", "score": 0.49}]
    ((place, told),) = learned_masks.learning(pd.DataFrame(rows)).items()
    assert place == ("SMP-L", 0.9, "sst2")
    assert (told.runs, told.learned) == (5, 3)
    assert tuple(told.share) == pytest.approx((0.6, *proportion_confint(3, 5, method="wilson")))
    learned = [61.0, 80.0, 84.0]
    assert tuple(told.score) == pytest.approx((75.0, *ttest_1samp(learned, 0).confidence_interval(0.95)))
    none = pd.DataFrame(rows).assign(score=lambda rows: rows["score"].where(rows["method"] == "full", 0.5))
    (told,) = learned_masks.learning(none).values()
    assert told.learned == 0
    assert math.isnan(told.score.mean)
