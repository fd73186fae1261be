"""Whole models against baselines, of made-up answers, by loops, scipy and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from lottery.findings import baselines

SEEDS, EXAMPLES = (1, 2, 3, 4), 120
GOOD = {"sst2": 0.9, "cola": 0.85, "qnli": 0.6, "rte": 0.5}
PLAIN = {"sst2": 0.6, "cola": 0.6, "qnli": 0.8, "rte": 0.5}


def score(task, answers, labels):
    """Matthews correlation of two classes is their correlation."""
    return np.corrcoef(labels, answers)[0, 1] if task == "cola" else np.mean(answers == labels)


def answered(generator, task, seed, share, labels, **more):
    """A run whose model is right on such a share of the examples."""
    answers = np.where(generator.random(EXAMPLES) < share, labels, 1 - labels)
    told = {"task": task, "seed": seed, "score": score(task, answers, labels), "majority": 0.5}
    return told | {"dev_answers": answers.tolist(), "dev_labels": labels.tolist()} | more


@pytest.fixture(scope="module")
def runs():
    generator = np.random.default_rng(0)
    models, plain = [], []
    for task in GOOD:
        labels = np.arange(EXAMPLES) % 2
        models += [answered(generator, task, seed, GOOD[task], labels) for seed in (*SEEDS, 9)]
        for kind in ("cbow", "bilstm"):
            plain += [answered(generator, task, seed, PLAIN[task], labels, kind=kind) for seed in SEEDS[::-1]]
    return pd.DataFrame(models), pd.DataFrame(plain)


@pytest.fixture(scope="module")
def table(runs):
    return baselines.ahead(*runs)


def test_the_difference_is_over_the_seeds_that_both_have_and_over_examples(runs, table):
    models, plain = runs
    assert list(table["task"]) == [task for task in GOOD for _ in range(2)]
    assert set(table["over"]) == {"seeds and examples"}
    for row in table.itertuples():
        ours = models[models["task"] == row.task].set_index("seed").loc[list(SEEDS)]
        theirs = plain[(plain["task"] == row.task) & (plain["kind"] == row.kind)].set_index("seed").loc[list(SEEDS)]
        more = (ours["score"] - theirs["score"]).to_numpy()
        assert (row.model, row.baseline) == pytest.approx((ours["score"].mean(), theirs["score"].mean()))
        assert row.ahead.mean == pytest.approx(more.mean())
        over_seeds = scipy.stats.ttest_1samp(more, 0).confidence_interval(0.95)
        without = []
        for group in range(50):
            kept = [place for place in range(EXAMPLES) if place % 50 != group]
            differences = []
            for seed in SEEDS:
                labels = np.array(ours.loc[seed, "dev_labels"])[kept]
                one, other = (np.array(each.loc[seed, "dev_answers"])[kept] for each in (ours, theirs))
                differences.append(score(row.task, one, labels) - score(row.task, other, labels))
            without.append(np.mean(differences))
        error = np.sqrt(49 / 50 * np.sum((np.array(without) - np.mean(without)) ** 2))
        reach = np.sqrt((over_seeds.high - more.mean()) ** 2 + (1.959964 * error) ** 2)
        assert row.ahead.high - row.ahead.mean == pytest.approx(reach, rel=1e-5)
        assert row.ahead.mean - row.ahead.low == pytest.approx(reach, rel=1e-5)


def test_the_error_over_examples_is_that_of_other_dev_sets():
    """Of answers drawn anew, means vary as the interval says; the seeds answer alike, so that only examples count."""
    generator, means, reaches = np.random.default_rng(3), [], []
    labels = np.arange(EXAMPLES) % 2
    for _ in range(60):
        one, other = (answered(generator, "sst2", 1, share, labels) for share in (0.8, 0.7))
        models = pd.DataFrame([one | {"seed": seed} for seed in (1, 2)])
        plain = pd.DataFrame([other | {"seed": seed, "kind": "cbow"} for seed in (1, 2)])
        found = baselines.ahead(models, plain)["ahead"].item()
        means.append(found.mean)
        reaches.append((found.high - found.low) / 2)
    assert np.mean(reaches) == pytest.approx(1.96 * np.std(means), rel=0.3)


def test_without_answers_it_is_over_seeds_and_one_seed_has_no_interval(runs):
    models, plain = (each.drop(columns=["dev_answers", "dev_labels"]) for each in runs)
    table = baselines.ahead(models, plain)
    assert set(table["over"]) == {"seeds"}
    for row in table.itertuples():
        ours = models[models["task"] == row.task].set_index("seed")["score"].loc[list(SEEDS)]
        theirs = plain[(plain["task"] == row.task) & (plain["kind"] == row.kind)].set_index("seed")["score"]
        interval = scipy.stats.ttest_1samp(ours - theirs[list(SEEDS)], 0).confidence_interval(0.95)
        assert tuple(row.ahead[1:]) == pytest.approx(tuple(interval))
    alone = baselines.ahead(models[models["seed"] == 1], plain)
    assert np.isnan([each.low for each in alone["ahead"]]).all()
    assert all(
        estimate.mean == pytest.approx(row)
        for estimate, row in zip(alone["ahead"], alone["model"] - alone["baseline"], strict=True)
    )


def test_a_task_is_won_where_the_model_is_ahead_of_every_baseline(runs, table):
    assert baselines.beaten(table) == {1: ["sst2", "cola"], 0: ["rte"], -1: ["qnli"]}
    models, plain = runs
    one = plain["kind"] == "cbow"
    better = plain.assign(score=plain["score"].where(~(one & (plain["task"] == "sst2")), 1.0))
    told = better.drop(columns=["dev_answers", "dev_labels"])
    assert baselines.beaten(baselines.ahead(models, told))[-1] == ["sst2", "qnli"]


def test_answers_to_other_rows_are_refused_and_an_undefined_score_counts_as_nothing(runs):
    models, plain = runs
    turned = [list(reversed(labels)) for labels in models["dev_labels"]]
    with pytest.raises(ValueError, match="sst2: the answers are to different rows"):
        baselines.ahead(models.assign(dev_labels=turned), plain)
    undefined = models.assign(score=np.nan).drop(columns=["dev_answers", "dev_labels"])
    assert (baselines.ahead(undefined, plain)["model"] == 0).all()


def test_with_several_worlds_the_difference_is_over_these(runs):
    """The same seed stands for a model of its own in each; a world with two of them counts once."""
    models, plain = (pd.concat([part.assign(world=world) for world in (1.0, 2.0, 3.0)]) for part in runs)
    models = models.assign(score=models["score"] * models["world"])
    models, plain = (part[(part["world"] > 1) | (part["seed"] < 3)] for part in (models, plain))
    for row in baselines.ahead(models, plain).itertuples():
        apart = []
        for world in (1, 2, 3):
            seeds = (1, 2) if world == 1 else SEEDS
            ours, theirs = (
                part[(part["world"] == world) & (part["task"] == row.task) & part["seed"].isin(seeds)]
                for part in (models, plain[plain["kind"] == row.kind])
            )
            apart.append(ours["score"].mean() - theirs["score"].mean())
        low, high = scipy.stats.ttest_1samp(apart, 0).confidence_interval(0.95)
        assert row.ahead == pytest.approx((np.mean(apart), low, high))
        assert row.over == "worlds"
