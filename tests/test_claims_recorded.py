"""Claims measured on made-up recorded runs, against loops, scipy and the bootstrap over seeds and examples."""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_1samp
from sklearn.metrics import matthews_corrcoef
from toy_experiments import Answering

from lottery import claims, store
from lottery.choices import choose
from lottery.claims import FAILS, HOLDS, MISSING, OPEN, SILENT
from lottery.claims._runs import compared, each_task, learned, prepared, scores
from lottery.statistics import bootstrap_over_seeds_and_examples, dev_sets

INFINITE = math.inf
SIZES = pd.Series({"cola": 1043, "sst2": 872, "qqp": 40430, "rte": 277, "stsb": 1500})


def made(rows: list[dict] | pd.DataFrame, *, world: int | None = None) -> pd.DataFrame:
    """Rows as they are recorded, of the miniature with a seed or of another model, and prepared."""
    table = pd.DataFrame(rows)
    if "parameters" not in table:
        told = {"experiment": "FineTuning", "start": {"experiment": "Miniature", "seed": world}} if world else {}
        table["parameters"] = json.dumps(told)
    return prepared(table, SIZES)


def judged(measurements) -> list[str]:
    return [verdict for verdict, _ in claims.judged(measurements)]


def runs(score, *, tasks=("sst2",), seeds=(1, 2, 3), majority=0.5, **columns) -> list[dict]:
    """Fine-tunings whose score is a function of task and seed."""
    return [
        {"experiment": "FineTuning", "task": task, "seed": seed, "score": score(task, seed), "majority": majority,
         "seconds": 10.0, **columns}
        for task in tasks for seed in seeds
    ]  # fmt: skip


# What is read of a run


def test_a_run_knows_its_world_and_how_many_examples_it_was_scored_on():
    nested = {
        "experiment": "FineTuning",
        "start": {"experiment": "Ticket", "of": [{"experiment": "Miniature", "seed": 7}]},
    }
    table = pd.DataFrame(
        [
            {"task": "sst2", "parameters": json.dumps(nested)},
            {"task": "sst2", "parameters": json.dumps({"experiment": "FineTuning", "start": {"experiment": "Given"}})},
            {"task": "squad", "start.dev_examples": 500.0, "parameters": "{}"},
            {"of.task": "cola", "parameters": "{}"},
            {"task": "own", "parameters": "{}"},
            {"task": "sst2", "parameters": "{}", "dev_answers": np.zeros(31), "dev_labels": np.zeros(31)},
        ]
    )
    found = prepared(table, SIZES)
    assert found["world"].fillna(-1).tolist() == [7, -1, -1, -1, -1, -1]
    assert found["examples"].fillna(-1).tolist() == [400, 872, 500, 1043, -1, 31]
    assert prepared(table.iloc[:0], SIZES).empty


# The floor


@pytest.mark.parametrize(("score", "kept"), [(0.60, True), (0.54, True), (0.52, False), (0.30, False)])
def test_a_task_counts_where_the_better_of_the_two_is_clearly_above_one_answer_to_all(score, kept):
    """Of 872 examples 52.8% have to be right to be clearly above a half."""
    one, other = (scores(made(runs(lambda *_, s=s: s))) for s in (0.3, score))
    assert learned(one, other)["sst2", ""] == kept == dev_sets.above("accuracy", max(0.3, score), 0.5, 872)


def test_a_comparison_at_the_floor_says_nothing_and_a_task_at_it_is_left_out():
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 0.002, size=20)
    one = runs(lambda task, seed: {"sst2": 0.80, "cola": 0.02}[task] + noise[seed], tasks=("sst2", "cola"))
    other = runs(lambda task, seed: {"sst2": 0.77, "cola": 0.01}[task] + noise[10 + seed], tasks=("sst2", "cola"))
    for row in [*one, *other]:
        row["majority"] = 0.0 if row["task"] == "cola" else 0.5
    table = [scores(made(each)) for each in (one, other)]
    found = compared("it", (0.0, INFINITE), *table)
    apart = [100 * (0.03 + noise[seed] - noise[10 + seed]) for seed in (1, 2, 3)]
    assert found.estimate == pytest.approx(np.mean(apart))
    assert found.basis.endswith("left out: no better than the majority-class baseline on CoLA")
    alone = [each[each["task"] == "cola"] for each in table]
    assert claims.judged([compared("it", (0.0, INFINITE), *alone)]) == [
        (SILENT, "no better than the majority-class baseline on CoLA")
    ]
    assert judged([compared("it", (0.0, INFINITE), table[0], table[1].iloc[:0])]) == [MISSING]


# Seeds and examples


def test_the_error_over_seeds_and_dev_sets_of_a_known_size():
    """Two tasks, three and two seeds, by hand: each task's seeds, and beside them the binomials of both scores."""
    left = {("sst2", 1): 0.80, ("sst2", 2): 0.82, ("sst2", 3): 0.81, ("qqp", 1): 0.70, ("qqp", 2): 0.71}
    right = {("sst2", 1): 0.78, ("sst2", 2): 0.79, ("sst2", 3): 0.80, ("qqp", 1): 0.69, ("qqp", 2): 0.67}
    one, other = (
        scores(made([
            {"task": task, "seed": seed, "score": score, "majority": 0.5, "seconds": 10.0}
            for (task, seed), score in each.items()
        ])) for each in (left, right)
    )  # fmt: skip
    found = compared("it", (0.0, INFINITE), one, other)
    parts = []
    fixed = 0.0
    for task, size in (("sst2", 872), ("qqp", 40430)):
        pairs = [pair for pair in left if pair[0] == task]
        apart = [100 * (left[pair] - right[pair]) for pair in pairs]
        parts.append((np.var(apart, ddof=1) / len(pairs) / 4, len(pairs) - 1))
        for each in (left, right):
            mean = np.mean([each[pair] for pair in pairs])
            fixed += 100**2 * mean * (1 - mean) / size / 4
    variance = sum(part for part, _ in parts) + fixed
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    assert found.estimate == pytest.approx((np.mean([2, 3, 1]) + np.mean([1, 4])) / 2)
    assert found.high - found.estimate == pytest.approx(student.ppf(0.95, freedom) * math.sqrt(variance))
    assert found.basis == "2 to 3 seeds and the examples of dev, 2 tasks"
    assert found.plan.fixed == pytest.approx(math.sqrt(fixed))
    assert (found.plan.units, found.plan.count, found.plan.examples) == ("seeds", 2, 872)
    assert found.plan.seconds == 2 * 2 * 10.0  # both kinds, both tasks


def answered(generator, right, examples, seeds, shared):
    """Answers of seeds that are right with a probability, and share what they get right to a degree."""
    labels = generator.integers(2, size=examples)
    hard = generator.random(examples)
    found = []
    for _ in range(seeds):
        known = np.where(generator.random(examples) < shared, hard, generator.random(examples)) < right
        found.append(np.where(known, labels, 1 - labels))
    return np.array(found, dtype=float), labels.astype(float)


def test_where_answers_were_recorded_the_examples_are_drawn_for_both_models_together():
    """With many seeds against the bootstrap over seeds and examples, and narrower than of scores alone."""
    generator = np.random.default_rng(1)
    whole, labels = answered(generator, 0.85, 900, 12, 0.9)
    cut = np.where(generator.random(whole.shape) < 0.1, 1 - whole, whole)
    rows = {
        name: [
            {"task": "sst2", "seed": seed, "score": float((answers == labels).mean()), "majority": 0.5,
             "dev_answers": answers, "dev_labels": labels}
            for seed, answers in enumerate(each)
        ]
        for name, each in (("whole", whole), ("cut", cut))
    }  # fmt: skip
    one, other = (scores(made(each)) for each in rows.values())
    found = compared("it", (0.0, INFINITE), one, other)
    gained = (whole == labels).astype(float) - (cut == labels)
    interval = bootstrap_over_seeds_and_examples(gained, level=0.9, seed=0)
    assert (found.low, found.high) == pytest.approx(tuple(100 * end for end in interval), abs=0.35)
    bare = [scores(made([{k: v for k, v in row.items() if "dev" not in k} for row in each])) for each in rows.values()]
    wide = compared("it", (0.0, INFINITE), *bare)
    assert wide.estimate == pytest.approx(found.estimate)
    assert wide.plan.fixed > 1.5 * found.plan.fixed


def test_the_error_of_a_dev_set_is_the_jackknife_over_the_answers_that_a_store_records(tmp_path):
    """From runs to records to the error: by a loop that leaves out one example after the other of both models."""
    examples, tables = 37, []
    for name, right in (("whole", 0.9), ("cut", 0.7)):
        grid = [Answering(task="sst2", seed=seed, right=right, examples=examples) for seed in (1, 2, 3)]
        for experiment in grid:
            store.perform(experiment, tmp_path / "results")
        store.record(grid, tmp_path / "results", tmp_path / f"{name}.parquet")
        tables.append(scores(prepared(store.recorded(tmp_path / f"{name}.parquet"), SIZES)))
    right = [[each == labels for each, labels in zip(table["answers"], table["labels"], strict=True)]
             for table in tables]  # fmt: skip
    without = []
    for left_out in range(examples):
        means = [np.mean([np.delete(of_seed, left_out).mean() for of_seed in of_kind]) for of_kind in right]
        without.append(100 * (means[0] - means[1]))
    by_hand = math.sqrt((examples - 1) / examples * sum((each - np.mean(without)) ** 2 for each in without))
    found = each_task(*tables).loc["sst2"]
    assert found["fixed"] == pytest.approx(by_hand)
    assert (found["examples"], found["seeds"]) == (examples, 3)


def test_recorded_answers_serve_any_metric():
    generator = np.random.default_rng(2)
    whole, labels = answered(generator, 0.8, 600, 3, 0.5)
    cut, _ = answered(np.random.default_rng(3), 0.7, 600, 3, 0.5)
    tables = []
    for each in (whole, cut):
        tables.append(
            scores(made([
                {"task": "cola", "seed": seed, "score": matthews_corrcoef(labels, answers), "majority": math.nan,
                 "dev_answers": answers, "dev_labels": labels}
                for seed, answers in enumerate(each)
            ]))
        )  # fmt: skip
    fixed = each_task(*tables).loc["cola", "fixed"]
    drawn = []
    for _ in range(400):
        places = generator.integers(600, size=600)
        means = [np.mean([np.corrcoef(labels[places], row[places])[0, 1] for row in each]) for each in (whole, cut)]
        drawn.append(100 * (means[0] - means[1]))
    assert fixed == pytest.approx(np.std(drawn), rel=0.25)


def test_one_seed_has_no_interval_and_two_runs_of_one_seed_are_refused():
    one, other = (scores(made(runs(lambda *_, s=s: s, seeds=(1,)))) for s in (0.8, 0.7))
    found = compared("it", (0.0, INFINITE), one, other)
    assert found.estimate == pytest.approx(10)
    assert (found.basis, judged([found])) == ("one seed: no interval", [OPEN])
    with pytest.raises(ValueError, match="more than one run"):
        compared("it", (0.0, INFINITE), pd.concat([one, one]), other)


def test_several_worlds_are_the_units_and_their_seeds_are_not():
    """By hand: of each world the mean over its tasks of the difference of the means over its seeds."""
    noise = np.random.default_rng(4).normal(0, 0.02, size=(2, 4, 2, 3))
    tables = []
    for kind in range(2):
        rows = []
        for world in (1, 2, 3):
            told = json.dumps({"experiment": "Miniature", "seed": world})
            for number, task in enumerate(("sst2", "qqp")):
                rows += [
                    {"task": task, "seed": seed, "majority": 0.5, "parameters": told,
                     "score": 0.8 - 0.05 * kind + noise[kind, world, number, seed]}
                    for seed in range(3)
                ]  # fmt: skip
        tables.append(scores(made(rows)))
    found = compared("it", (0.0, INFINITE), *tables)
    values = [100 * (0.05 + (noise[0, world] - noise[1, world]).mean()) for world in (1, 2, 3)]
    assert found.estimate == pytest.approx(np.mean(values))
    assert (found.low, found.high) == pytest.approx(ttest_1samp(values, 0).confidence_interval(0.90))
    assert found.basis == "3 worlds"
    gone = tables[1][(tables[1]["world"] != 2) | (tables[1]["task"] != "qqp")]
    assert compared("it", (0.0, INFINITE), tables[0], gone).basis == "missing or not defined for 1 of 3 worlds"


def test_a_sum_over_tasks_needs_each_of_them_and_adds_their_errors():
    """What one task loses more than another, by hand over seeds and worlds; a task at the floor has none to lose."""
    generator = np.random.default_rng(6)
    noise = generator.normal(0, 0.01, size=(2, 2, 4))
    level = {"sst2": (0.85, 0.80), "qqp": (0.80, 0.79)}
    of, sizes = {"sst2": 1.0, "qqp": -1.0}, {"sst2": 872, "qqp": 40430}
    of_seeds = [
        [{"task": task, "seed": seed, "majority": 0.5, "score": level[task][kind] + noise[kind, number, seed]}
         for number, task in enumerate(level) for seed in range(4)]
        for kind in range(2)
    ]  # fmt: skip
    found = compared("it", (0.0, INFINITE), *(scores(made(rows)) for rows in of_seeds), of=of)
    values = np.array([[row["score"] for row in rows] for rows in of_seeds]).reshape(2, 2, 4)
    apart = 100 * (values[0] - values[1])
    assert found.estimate == pytest.approx(apart[0].mean() - apart[1].mean())
    own = [apart[number].var(ddof=1) / 4 for number in range(2)]
    means = values.mean(axis=2)
    fixed = sum(100**2 * means[kind][number] * (1 - means[kind][number]) / size
                for number, size in enumerate(sizes.values()) for kind in range(2))  # fmt: skip
    variance = sum(own) + fixed
    freedom = variance**2 / sum(each**2 / 3 for each in own)
    assert found.high - found.estimate == pytest.approx(student.ppf(0.95, freedom) * math.sqrt(variance))
    of_worlds = [
        [row | {"seed": 0, "parameters": json.dumps({"experiment": "Miniature", "seed": row["seed"]})} for row in rows]
        for rows in of_seeds
    ]
    over_worlds = compared("it", (0.0, INFINITE), *(scores(made(rows)) for rows in of_worlds), of=of)
    interval = ttest_1samp(apart[0] - apart[1], 0).confidence_interval(0.9)
    assert (over_worlds.low, over_worlds.high) == pytest.approx(tuple(interval))
    floor = [[row | {"score": 0.5} if row["task"] == "qqp" else row for row in rows] for rows in of_seeds]
    nothing = compared("it", (0.0, INFINITE), *(scores(made(rows)) for rows in floor), of=of)
    assert (judged([nothing]), nothing.silent) == ([SILENT], "no better than the majority-class baseline on QQP")
    alone = (scores(made([row for row in rows if row["task"] == "sst2"])) for rows in of_seeds)
    assert judged([compared("it", (0.0, INFINITE), *alone, of=of)]) == [MISSING]


def test_cells_of_a_task_share_its_dev_set():
    """Of a difference that is the same at two sparsities, the dev set's part is no smaller than at one of them."""
    rows = [
        [{"task": "sst2", "seed": seed, "score": score + 0.001 * seed * score, "majority": 0.5, "at": at}
         for seed in (1, 2, 3) for at in (0.3, 0.4)]
        for score in (0.8, 0.7)
    ]  # fmt: skip
    both = [scores(made(each), cell="at") for each in rows]
    alone = [each[each["cell"] == 0.3] for each in both]
    assert each_task(*both).loc["sst2", "fixed"] == pytest.approx(each_task(*alone).loc["sst2", "fixed"])
    assert each_task(*both).loc["sst2", "spread"] == pytest.approx(each_task(*alone).loc["sst2", "spread"])


# Gordon et al.


def runs_of_gordon(
    score, training_loss, loss, *, worlds=(1, 2, 3), sparsities=(0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
):
    """A recorded gordon_pruning of two tasks, its numbers functions of condition, sparsity and world."""
    rows = []
    for world in worlds:
        told = json.dumps({"experiment": "Miniature", "seed": world})
        for sparsity in sparsities:
            # What was pruned may have another seed than its fine-tuning.
            model = {"importance": "magnitude", "sparsity": sparsity, "seed": 10 + world}
            rows.append({"experiment": "GradualPruning", **model, "loss": loss(sparsity, world), "parameters": told})
            for condition, start in (
                ("pruned_in_pretraining", {f"start.{name}": value for name, value in model.items()}),
                ("information_deletion", {f"start.pruned.{name}": value for name, value in model.items()}),
                (
                    "pruned_downstream",
                    {
                        "start.kept": "Cut",
                        "start.kept.of": "FineTuning",
                        "start.kept.sparsity": sparsity,
                        "start.kept.of.start.seed": 10 + world,
                    },
                ),
            ):
                kind = {"pruned_in_pretraining": "GradualPruning", "information_deletion": "Freed"}.get(
                    condition, "Ticket"
                )
                inner = {"start.pruned": "GradualPruning"} if kind == "Freed" else {}
                for task, shift, majority in (("cola", -0.3, 0.0), ("qqp", -0.05, 0.5)):
                    found = score(condition, sparsity, world) + shift
                    rows.append(
                        {"experiment": "FineTuning", "start": kind, **start, **inner, "task": task, "seed": world,
                         "score": found, "accuracy": 0.7, "majority": majority, "parameters": told,
                         "train_loss": training_loss(condition, sparsity, world), "seconds": 5.0}
                    )  # fmt: skip
            # A correlation is no accuracy, so it takes no part in the means.
            start = {"start": "GradualPruning", **{f"start.{name}": value for name, value in model.items()}}
            told_of = {"task": "stsb", "seed": world, "score": 0.1, "majority": math.nan, "train_loss": 9.0}
            rows.append({"experiment": "FineTuning", **start, **told_of, "parameters": told})
    return made(rows)


NOISE = {1: -0.001, 2: 0.0, 3: 0.002}


def test_recorded_conditions_are_compared_as_the_printed_ones_are():
    falls = {"pruned_in_pretraining": 0.10, "information_deletion": 0.10, "pruned_downstream": 0.02}
    table = runs_of_gordon(
        lambda condition, sparsity, world: 0.8 - falls[condition] * sparsity + NOISE[world] * sparsity,
        lambda condition, sparsity, world: (
            0.2 + (condition == "pruned_in_pretraining") * sparsity + NOISE[world] * sparsity
        ),
        lambda sparsity, world: 2.0 + sparsity**2 + NOISE[world] * sparsity,
    )
    free = choose("claims", "low_sparsity_is_free").measured(table)
    assert [each.estimate for each in free] == pytest.approx(
        [-3 + 100 * 0.3 / 3000, -4 + 100 * 0.4 / 3000, 0.09 + 0.0001, 0.16 + 0.4 / 3000]
    )
    assert judged(free) == [FAILS] * 4
    assert {each.basis for each in free} == {"3 worlds"}
    medium = choose("claims", "medium_sparsity_deletes").measured(table)
    assert medium[2].estimate == pytest.approx(0)
    assert judged(medium)[:2] == [HOLDS, HOLDS]
    best = choose("claims", "full_model_fits_best").measured(table)
    assert [each.estimate for each in best] == pytest.approx([0.35 + 0.35 / 3000, 0.35 / 3000])
    costs = choose("claims", "thirty_percent_costs").measured(table)
    assert [each.estimate for each in costs] == pytest.approx([0, 0])


def test_freed_models_that_were_not_trained_until_they_fitted_say_nothing_of_the_best_fit():
    table = runs_of_gordon(
        lambda *_: 0.8,
        lambda condition, sparsity, world: (
            0.2
            + sparsity
            * {"pruned_in_pretraining": 0.2, "information_deletion": 0.1}.get(condition, 0)
            * (1 + NOISE[world])
        ),
        lambda *_: 2.0,
    )
    assert judged(choose("claims", "full_model_fits_best").measured(table)) == [HOLDS, SILENT]


def cut_runs(gain, *, worlds=range(1, 7), sparsities=(0.3, 0.8), lengths=(3.0, 6.0)) -> list[dict]:
    """Models cut late and first in worlds of two fine-tunings; the gain of sparsity, length and world is in points."""
    rows = []
    for world, seed, sparsity, before in itertools.product(worlds, (1, 2), sparsities, lengths):
        common = {"experiment": "FineTuning", "task": "sst2", "seed": seed, "majority": 0.5, "seconds": 5.0,
                  "parameters": json.dumps({"experiment": "Miniature", "seed": world})}  # fmt: skip
        level = 0.8 + 0.01 * seed - 0.1 * sparsity
        kept = {"kept": "Cut", "kept.sparsity": sparsity}
        late = {"start": "Ticket", "start.of": "FineTuning", "start.of.epochs": before, "start.of.start.seed": world}
        late |= {f"start.{name}": value for name, value in kept.items()}
        first = {"start": "FineTuning", "start.epochs": before, "start.start": "Ticket", "start.start.of.seed": world}
        first |= {f"start.start.{name}": value for name, value in kept.items()}
        rows.append(common | late | {"score": level + gain(sparsity, before, world) / 100})
        rows.append(common | first | {"score": level})
    return rows


@pytest.mark.parametrize(("gain", "verdicts"), [(0.0, [HOLDS, HOLDS]), (-3.0, [HOLDS, HOLDS]), (4.0, [FAILS, FAILS])])
def test_a_late_cut_is_weighed_against_one_that_comes_first_and_is_trained_as_long(gain, verdicts):
    table = made(cut_runs(lambda sparsity, before, world: gain + 0.2 * (world - 3.5) * before / 4.5))
    found = choose("claims", "fine_tuning_does_not_help").measured(table)
    assert [each.estimate for each in found] == pytest.approx([gain, gain])
    assert ["30%" in found[0].what, "80%" in found[1].what] == [True, True]
    reach = student.ppf(0.95, 5) * np.std([0.2 * (world - 3.5) for world in range(1, 7)], ddof=1) / math.sqrt(6)
    assert found[0].high - found[0].estimate == pytest.approx(reach)
    assert judged(found) == verdicts
    alone = table[table["start"] == "Ticket"]
    assert [each.basis for each in choose("claims", "fine_tuning_does_not_help").measured(alone)] == ["not recorded"]


def test_longer_fine_tuning_is_weighed_by_the_longest_and_by_masks_of_the_same_world():
    rows = cut_runs(lambda sparsity, before, world: (5.0 if before == 6 else 0.0) + 0.1 * world * (sparsity + 0.45))
    for world, seed, before in itertools.product(range(1, 7), (1, 2), (3.0, 6.0)):
        rows.append(
            {"experiment": "MaskDifference", "one.of": "FineTuning", "other": "Cut", "one.of.task": "sst2",
             "one.of.epochs": before, "one.of.recipe": "printed", "one.of.start.seed": world, "one.sparsity": 0.8,
             "one.seed": seed, "different": 0.02 + 0.001 * before + 0.0001 * world * before,
             "parameters": json.dumps({"experiment": "Miniature", "seed": world})}
        )  # fmt: skip
    score, mask = choose("claims", "longer_tuning_does_not_help").measured(made(rows))
    assert score.estimate == pytest.approx(5.0 + 0.1 * 3.5)
    assert mask.estimate == pytest.approx(100 * (0.003 + 0.0003 * 3.5))
    assert (score.basis, mask.basis) == ("6 worlds", "6 worlds")
    assert judged([score, mask]) == [FAILS, HOLDS]
    shorter = [row for row in rows if 6.0 not in row.values()]
    missing = choose("claims", "longer_tuning_does_not_help").measured(made(shorter))
    assert [each.basis for each in missing] == ["not recorded", "not recorded"]


def test_one_pruned_model_is_one_whatever_the_number_of_its_fine_tunings():
    rows = []
    for sparsity, loss in ((0.0, 2.0), (0.3, 2.1)):
        rows.append(
            {"experiment": "GradualPruning", "importance": "magnitude", "sparsity": sparsity, "seed": 0, "loss": loss}
        )
        rows += [
            {"experiment": "FineTuning", "start": "GradualPruning", "start.importance": "magnitude", "start.seed": 0,
             "start.sparsity": sparsity, "task": "sst2", "seed": seed, "score": 0.8 - sparsity / 10 + seed / 1000,
             "majority": 0.5, "train_loss": 0.2 + (0.1 + seed / 100) * sparsity, "seconds": 7.0}
            for seed in (0, 1)
        ]  # fmt: skip
    table = made(rows)
    accuracy, _, loss, _ = choose("claims", "low_sparsity_is_free").measured(table)
    assert accuracy.basis == "seeds that do not differ: no interval"
    assert loss.basis == "one pruned model: no interval"
    fit, _ = choose("claims", "full_model_fits_best").measured(table)
    assert fit.basis == "2 seeds of one pruned model, at 30% alone"


def test_a_curve_among_recorded_runs_is_fitted_where_it_was_learned():
    table = runs_of_gordon(
        lambda condition, sparsity, world: 0.8 - (0.4 + 0.01 * world) * sparsity**2,
        lambda *_: 0.2,
        lambda sparsity, world: 2.0 + sparsity**2,
    )
    cola, qqp = choose("claims", "accuracy_falls_in_line").measured(table)
    assert (cola.estimate, qqp.estimate) == pytest.approx((0, 0), abs=1e-9)
    bent = runs_of_gordon(
        lambda condition, sparsity, world: 0.9 - (0.2 + 0.01 * world) * sparsity**4,
        lambda *_: 0.2,
        lambda sparsity, world: 2.0 + sparsity**2,
    )
    _, qqp = choose("claims", "accuracy_falls_in_line").measured(bent)
    x = np.array([0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) ** 2
    bends = [np.polyfit(x, -100 * (0.2 + 0.01 * world) * x**2, 2)[0] * (np.ptp(x) / 2) ** 2 for world in (1, 2, 3)]
    assert qqp.estimate == pytest.approx(np.mean(bends))
    few = runs_of_gordon(lambda *_: 0.7, lambda *_: 0.2, lambda *_: 2.0, sparsities=(0.0, 0.3))
    assert judged(choose("claims", "accuracy_falls_in_line").measured(few)) == [SILENT, SILENT]
    assert judged(choose("claims", "high_sparsity_binds").measured(few)) == [MISSING, MISSING]


def test_a_curve_of_one_pruned_model_has_the_error_of_its_dev_set():
    """The weights of the bend by a parabola through the unit vectors, and the binomial of each accuracy."""
    losses, noise = (
        {0.0: 2.0, 0.3: 2.2, 0.5: 2.5, 0.7: 3.1, 0.9: 4.0},
        np.random.default_rng(5).normal(0, 0.004, (5, 3)),
    )
    rows, scores_of = [], {}
    for number, (sparsity, loss) in enumerate(losses.items()):
        model = {"importance": "magnitude", "sparsity": sparsity, "seed": 0}
        rows.append({"experiment": "GradualPruning", **model, "loss": loss})
        for seed in range(3):
            scores_of[sparsity, seed] = 0.9 - 0.1 * (loss - 2) + noise[number, seed]
            rows.append(
                {"experiment": "FineTuning", "start": "Freed", "start.pruned": "GradualPruning", "task": "sst2",
                 **{f"start.pruned.{name}": value for name, value in model.items()}, "seed": seed, "train_loss": 0.1,
                 "score": scores_of[sparsity, seed], "majority": 0.5, "seconds": 7.0}
            )  # fmt: skip
    bend, _ = choose("claims", "accuracy_falls_in_line").measured(made(rows))
    x = np.array(list(losses.values()))
    weights = np.array([np.polyfit(x, unit, 2)[0] * (np.ptp(x) / 2) ** 2 for unit in np.eye(5)])
    values = [100 * sum(w * scores_of[s, seed] for w, s in zip(weights, losses, strict=True)) for seed in range(3)]
    means = [np.mean([scores_of[s, seed] for seed in range(3)]) for s in losses]
    fixed = 100**2 * sum(w**2 * mean * (1 - mean) / 872 for w, mean in zip(weights, means, strict=True))
    own = np.var(values, ddof=1) / 3
    reach = student.ppf(0.95, (own + fixed) ** 2 / (own**2 / 2)) * math.sqrt(own + fixed)
    assert (bend.estimate, bend.high) == pytest.approx((np.mean(values), np.mean(values) + reach))
    assert bend.basis == "3 seeds and the examples of dev"


def test_masks_movement_heads_and_pieces_among_recorded_runs():
    pairs = [("FineTuning", "GradualPruning"), ("FineTuning", "Cut"), ("GradualPruning", "GradualPruning")]
    masks = made(
        [
            {"experiment": "MaskDifference", "one.of": of, "other": other, "one.of.seed": seed,
             "different": share + seed / 1000}
            for seed in (1, 2, 3)
            for (of, other), shares in zip(pairs, ((0.03, 0.05), (0.9, 0.9), (0.9, 0.9)), strict=True)
            for share in shares
        ]
    )  # fmt: skip
    (found,) = choose("claims", "masks_differ_little").measured(masks)
    assert found.estimate == pytest.approx(5.2)
    heads = made(
        [
            {"experiment": "HeadShares", "kept": kept, "of.seed": seed, "mean": mean,
             "lowest": mean - 0.02 - seed / 1000, "highest": mean + reach}
            for seed in (1, 2, 3)
            for kept, mean, reach in (("Cut", 0.6, 0.01), ("Cut", 0.3, 0.2), ("GradualPruning", 0.6, 0.2))
        ]
    )  # fmt: skip
    (farthest,) = choose("claims", "heads_are_pruned_evenly").measured(heads)
    assert farthest.estimate == pytest.approx(2.2)
    pieces = made([{"experiment": "WeightProfile", "norm_length": 0.07, "norm_length_words": -0.2,
                    "norm_length_pieces": 0.2, "kurtosis": np.array([0.1, -0.2, 7.0, 0.9])}])  # fmt: skip
    assert judged(choose("claims", "short_pieces_go_first").measured(pieces)) == [FAILS, FAILS, HOLDS]
    (normal,) = choose("claims", "weights_are_normal").measured(pieces)
    assert (normal.estimate, judged([normal])) == (75.0, [FAILS])


@pytest.mark.parametrize(("by_noise", "verdict"), [(2.0, SILENT), (1.7, SILENT), (1.2, HOLDS)])
def test_large_weights_are_stable_where_they_are_so_beyond_what_noise_makes_them(by_noise, verdict):
    """The lowest tenth moves twice as far as the highest; a quarter more than under noise is the least that counts."""
    moved = made(
        [
            {"experiment": "Movement", "after.recipe": "printed", "after.seed": seed, "after.learning_rate": 0.1,
             "after.epochs": epochs,
             "after.task": "cola", "mean": 0.01 * epochs, "high_tenth": 0.01 + seed / 1e5,
             "low_tenth": 0.02 + 2 * seed / 1e5, "noise_high_tenth": 0.01, "noise_low_tenth": 0.01 * by_noise}
            for seed in (1, 2, 3) for epochs in (1.0, 1.5 + seed / 100)
        ]
    )  # fmt: skip
    moved.loc[moved["after.seed"] == 3, "low_tenth"] *= 1.001
    assert judged(choose("claims", "large_weights_are_stable").measured(moved)) == [verdict]


def test_movement_by_rate_and_by_epochs():
    rows = [
        {"experiment": "Movement", "after.recipe": "printed", "after.seed": seed, "after.task": task,
         "after.learning_rate": rate,
         "after.epochs": epochs, "mean": base * (rate / 0.001) ** 0.5 * (1 + 0.1 * (epochs > 2)) + seed / 1e5}
        for seed in (1, 2, 3) for task, base in (("cola", 0.01), ("qqp", 0.02))
        for rate, epochs in ((0.0005, 2.0), (0.001, 2.0), (0.002, 2.0), (0.001, 1.0), (0.001, 8.0))
    ]  # fmt: skip
    table = made(rows, world=None)
    (least,) = choose("claims", "larger_rates_move_more").measured(table)
    assert least.estimate == pytest.approx(100 * 0.01 * (1 - 0.5**0.5))
    (settled,) = choose("claims", "weights_settle_in_an_epoch").measured(table)
    assert settled.estimate == pytest.approx(10, abs=0.1)
    (largest,) = choose("claims", "weights_keep_their_place").measured(table)
    assert largest.estimate == pytest.approx(100 * (0.02 * 2**0.5) + 0.2 / 100 * 1, abs=0.01)


def test_recipes_of_the_paper_are_told_by_their_epochs():
    """What frees and what cuts late is trained as the paper says, and so has to be what stands beside it."""
    rows = []
    for world in (1, 2, 3):
        for kind, epochs, loss in (("GradualPruning", 3.0, 0.30), ("Freed", 13.0, 0.10), ("Ticket", 5.0, 0.25)):
            for sparsity in (0.0, 0.6) if kind == "GradualPruning" else (0.6,):
                start = {
                    "start.pruned": "GradualPruning",
                    "start.pruned.sparsity": sparsity,
                    "start.pruned.seed": world,
                }
                start |= {"start.kept": "Cut", "start.kept.of": "FineTuning", "start.kept.sparsity": sparsity}
                start |= {"start.kept.of.start.seed": world, "start.importance": "magnitude"}
                start |= {"start.sparsity": sparsity, "start.seed": world}
                rows.append({"experiment": "FineTuning", "start": kind, **start, "task": "cola", "seed": world,
                             "epochs": epochs, "recipe": "printed", "score": 0.5, "seconds": 1.0,
                             "train_loss": loss + 0.001 * world * (kind == "Freed")})  # fmt: skip
    table = made(rows)
    (freed,) = choose("claims", "deletion_fits_better").measured(table)
    assert freed.estimate == pytest.approx(0.102 - 0.30)
    (late,) = choose("claims", "late_cut_fits_better").measured(table)
    assert late.estimate == pytest.approx(0.25 - 0.30)
    equal = table.assign(epochs=2.0)
    assert judged(choose("claims", "deletion_fits_better").measured(equal)) == [MISSING]


# Prasanna et al.


def subnetworks_recorded() -> pd.DataFrame:
    """A table as good_random_bad leaves it: two tasks, three seeds, a third task whose search says nothing."""
    rows = []
    for task in ("cola", "sst2", "wnli"):
        for seed in (1, 2, 3):
            why = "no better than the majority-class baseline" if task == "wnli" else ""
            search = {
                "experiment": "ComponentSearch",
                "of.task": task,
                "of.seed": seed,
                "degenerate": why,
                "mode": "both",
            }
            search |= {"recipe": "printed", "where": "dev", "of.train_examples": 0, "share_kept": 0.7}
            search |= {"share": 0.9, "dense_score": 0.9, "majority": 0.5, "kept_heads": [1, 1, 1, 1, 0, 0, 0, 1]}
            rows.append(search | {"kept_mlps": [1, 1, 0, 1]})
            rows.append(search | {"experiment": "MagnitudeSearch", "sparsity": 0.45 + seed / 100, "per_step": 0.1})
            common = {"experiment": "FineTuning", "task": task, "seed": seed, "epochs": 2.0, "start.of": "Miniature"}
            common |= {"majority": 0.0 if task == "cola" else 0.5, "seconds": 3.0}
            rows.append(common | {"start": "Miniature", "score": 0.9})
            for kind, like, score in (
                ("ComponentSearch", None, 0.8),
                ("Drawn", "ComponentSearch", 0.79 - 0.001 * seed),
                ("Bad", "ComponentSearch", 0.6 - 0.01 * seed if task == "cola" else 0.7),
                ("MagnitudeSearch", None, 0.85 + 0.002 * seed),
                ("Drawn", "MagnitudeSearch", 0.65 + 0.01 * seed),
            ):
                told = {"start": "Ticket", "start.kept": kind, "start.kept.like": like, "score": score}
                told |= {"start.kept.recipe": "printed", "start.kept.disjoint": False, "start.kept.seed": seed}
                rows += [common | told, common | told | {"epochs": 4.0, "score": score - 0.1 - 0.001 * seed}]
    table = pd.DataFrame(rows).astype(object)
    return made(table.where(table.notna(), None))


def test_recorded_subnetworks_are_compared_by_task_and_seed():
    table = subnetworks_recorded()
    (random,) = choose("claims", "random_tickets_win").measured(table)
    assert random.estimate == pytest.approx(100 * (0.8 - 0.788))
    (bad,) = choose("claims", "bad_tickets_win").measured(table)
    assert bad.estimate == pytest.approx(np.mean([(21 + 10) / 2, (22 + 10) / 2, (23 + 10) / 2]))
    assert judged([bad]) == [FAILS]
    (trail,) = choose("claims", "good_components_trail").measured(table)
    assert trail.estimate == pytest.approx(10)
    good, rest = choose("claims", "bad_weights_lose").measured(table)
    assert good.estimate == pytest.approx(85.4 - 67)
    assert judged([rest]) == [MISSING]
    (longer,) = choose("claims", "longer_training_makes_bad_worse").measured(table)
    assert longer.estimate == pytest.approx(-10.2)
    assert judged([longer]) == [HOLDS]
    (compressed,) = choose("claims", "weights_compress_more").measured(table)
    assert compressed.estimate == pytest.approx(np.mean([100 * (0.7 - (1 - 0.45 - seed / 100)) for seed in (1, 2, 3)]))


def crossed_recorded(worlds=(None,)) -> pd.DataFrame:
    """The same with bad heads and MLPs crossed with good ones, three random draws of a model, and several worlds."""
    rows = []
    for world, task, seed in itertools.product(worlds, ("cola", "sst2"), (1, 2, 3)):
        start = {"experiment": "Miniature", "seed": world} if world else {}
        all_mlps = task == "sst2" and seed == 2
        told = {"parameters": json.dumps({"experiment": "FineTuning", "start": start})}
        search = {"experiment": "ComponentSearch", "of.task": task, "of.seed": seed, "degenerate": "", "mode": "both"}
        search |= {"recipe": "printed", "where": "dev", "of.train_examples": 0, "share_kept": 0.7, "share": 0.9}
        search |= {"dense_score": 0.9, "majority": 0.5, "kept_heads": [1, 1, 1, 0], "kept_mlps": [1, int(all_mlps)]}
        rows.append(search | told)
        common = {"experiment": "FineTuning", "task": task, "seed": seed, "epochs": 2.0, "majority": 0.5}
        common |= told | {"start": "Ticket", "start.of": "Miniature", "seconds": 3.0, "start.kept.recipe": "printed"}
        shift = (world or 0) / 100 + seed / 1000
        kinds = [("ComponentSearch", "", 0.90), ("Bad", "", 0.70)]
        crossed = [("Bad", "ComponentSearch", 0.75 + shift), ("ComponentSearch", "Bad", 0.85)]  # heads, MLPs
        rows.append(common | {"start": "Miniature", "score": 0.95})
        rows += [
            common | {"start.kept": kind, "start.kept.like": "ComponentSearch", "start.kept.disjoint": False}
            | {"start.kept.seed": seed, "score": score}
            for kind, _, score in kinds
        ]  # fmt: skip
        rows += [
            common | {"start.kept": "Crossed", "start.kept.heads": heads, "start.kept.mlps": mlps, "score": score}
            for heads, mlps, score in crossed
        ]
        rows += [
            common | {"start.kept": "Drawn", "start.kept.like": "ComponentSearch"}
            | {"start.kept.seed": seed + 1000 * draw, "score": 0.8 + draw * shift}
            for draw in range(3)
        ]  # fmt: skip
    table = pd.DataFrame(rows).astype(object)
    return made(table.where(table.notna(), None))


def test_heads_and_mlps_apart_are_the_effects_of_the_two_crossed():
    heads, mlps = choose("claims", "bad_heads_and_mlps_win").measured(crossed_recorded())
    shifts = np.array([1, 2, 3]) / 1000
    assert heads.estimate == pytest.approx(100 * np.mean([0.90 - 0.75 - shifts, np.full(3, 0.85 - 0.70)]))
    of_cola = np.mean([0.90 - 0.85 + 0 * shifts, 0.75 + shifts - 0.70])
    of_sst2 = np.mean([0.90 - 0.85 + 0 * shifts[[0, 2]], 0.75 + shifts[[0, 2]] - 0.70])  # one keeps every MLP
    assert mlps.estimate == pytest.approx(100 * (of_cola + of_sst2) / 2)
    without = crossed_recorded()
    assert judged(choose("claims", "bad_heads_and_mlps_win").measured(without[without["start.kept"] != "Bad"])) == [
        MISSING,
        MISSING,
    ]


def test_several_random_subnetworks_of_a_model_count_by_their_mean_and_worlds_are_the_units():
    (one,) = choose("claims", "random_tickets_win").measured(crossed_recorded())
    shifts = np.array([1, 2, 3]) / 1000
    assert one.estimate == pytest.approx(100 * np.mean(0.10 - shifts))
    assert "3 seeds" in one.basis
    (several,) = choose("claims", "random_tickets_win").measured(crossed_recorded((1, 2, 4)))
    by_world = [100 * np.mean(0.10 - world / 100 - shifts) for world in (1, 2, 4)]
    low, high = ttest_1samp(by_world, 0).confidence_interval(0.9)
    assert (several.estimate, several.low, several.high) == pytest.approx((np.mean(by_world), low, high))
    assert several.basis == "3 worlds"
    table = crossed_recorded((1, 2, 4))
    gone = (table["world"] == 2) & (table["task"] == "cola")
    (of_one,) = choose("claims", "random_tickets_win").measured(table[~gone])
    assert of_one.estimate == pytest.approx(several.estimate)  # SST-2 has the same scores
    assert of_one.basis == "3 worlds"


def test_super_survivors_that_are_most_of_the_model_say_nothing():
    rows = [
        {"experiment": "PrunedScore", "of.task": task, "of.seed": seed, "kept": "Survivors", "kept.which": "good",
         "share_kept": share, "score": 0.7, "majority": 0.5}
        for task, share in (("cola", 0.66), ("sst2", 0.30)) for seed in (1, 2, 3)
    ]  # fmt: skip
    for task in ("cola", "sst2"):
        for seed in (1, 2, 3):
            common = {"experiment": "FineTuning", "task": task, "seed": seed, "epochs": 2.0, "majority": 0.5}
            rows.append(common | {"start": "Miniature", "score": 0.9})
            rows.append(common | {"start": "Ticket", "start.kept": "Survivors", "start.kept.which": "good",
                                  "start.of": "Miniature", "score": 0.83 + seed / 500})  # fmt: skip
    search = {"experiment": "ComponentSearch", "share": 0.9, "dense_score": 0.9, "majority": 0.5, "degenerate": ""}
    rows.append(search | {"of.task": "cola", "of.seed": 1})
    table = pd.DataFrame(rows).astype(object)
    table = made(table.where(table.notna(), None))
    (found,) = choose("claims", "super_survivors_lose_little").measured(table)
    assert found.estimate == pytest.approx(100 * (0.07 - 2 / 500))
    assert "SST-2 alone" in found.basis
    only = table[(table["of.task"] != "sst2") & (table["task"] != "sst2")]
    (found,) = choose("claims", "super_survivors_lose_little").measured(only)
    assert claims.judged([found]) == [(SILENT, "the survivors have 66% (CoLA) of the weights of the layers")]


def test_how_subnetworks_as_cut_vary_among_recorded_runs():
    scored = {"cola": [0.1, 0.5, None], "sst2": [0.9, 0.7, 0.8], "rte": [0.0, 0.5, 1.0]}
    rows = [
        {"experiment": "PrunedScore", "of.task": task, "of.seed": seed, "kept": "Drawn", "kept.like": "ComponentSearch",
         "kept.recipe": "printed", "kept.seed": seed, "epochs": None, "score": score}
        for task, each in scored.items() for seed, score in enumerate(each, 1)
    ]  # fmt: skip
    rows.append(
        {"experiment": "FineTuning", "task": "cola", "seed": 1, "epochs": 2.0, "start": "Miniature", "score": 1.0}
    )
    table = pd.DataFrame(rows).astype(object)
    random, bad = choose("claims", "poor_tickets_vary").measured(made(table.where(table.notna(), None)))
    assert random.estimate == pytest.approx(100 * math.sqrt((np.var([0.1, 0.5, 0], ddof=1) + 0.01) / 2))
    assert random.basis == "6 seeds, chi-square"
    assert judged([bad]) == [MISSING]


def searches_recorded(kept) -> pd.DataFrame:
    """A table as mask_agreement leaves it, of {(task, seed): heads of two layers of three}; WNLI's says nothing."""
    rows = [
        {"experiment": "ComponentSearch", "mode": "both", "recipe": "printed", "where": "dev", "of.train_examples": 0,
         "of.task": task, "of.seed": seed, "kept_heads": heads, "kept_mlps": [1, 0],
         "degenerate": "one answer does as well" if task == "wnli" else "",
         "share": 0.9, "dense_score": 0.9, "majority": 0.5}
        for (task, seed), heads in kept.items()
    ]  # fmt: skip
    table = pd.DataFrame([*rows, {"experiment": "CutNoise"}]).astype(object)
    return made(table.where(table.notna(), None))


def cohen(one, other):
    """Cohen's kappa by its definition."""
    one, other = np.array(one, dtype=float), np.array(other, dtype=float)
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return ((one == other).mean() - chance) / (1 - chance)


def drawn_masks(tasks=("cola", "sst2", "rte"), seeds=(1, 2, 3)):
    generator = np.random.default_rng(11)
    kept = {}
    for task in tasks:
        for seed in seeds:
            heads = np.zeros(6, int)
            heads[generator.permutation(6)[: generator.integers(2, 5)]] = 1
            kept[task, seed] = heads.tolist()
    return kept


def test_recorded_masks_are_held_against_the_most_that_their_sizes_allow():
    """Against nested masks of the same sizes, and a jackknife in a loop."""
    kept = drawn_masks() | {("wnli", 1): [0] * 6, ("wnli", 2): [1] * 6}

    def share(seeds):
        found = []
        for task in ("cola", "sst2", "rte"):
            masks = [kept[task, seed] for seed in seeds]
            nested = [[1] * sum(mask) + [0] * (6 - sum(mask)) for mask in masks]
            pairs = [(a, b) for a in range(len(seeds)) for b in range(a)]
            found.append([np.mean([cohen(each[a], each[b]) for a, b in pairs]) for each in (masks, nested)])
        ours, most = np.array(found).mean(axis=0)
        return ours / most

    (found,) = choose("claims", "masks_are_unstable").measured(searches_recorded(kept))
    assert found.estimate == pytest.approx(share((1, 2, 3)))
    without = [share(seeds) for seeds in ((2, 3), (1, 3), (1, 2))]
    error = math.sqrt(2 / 3 * sum((value - np.mean(without)) ** 2 for value in without))
    assert found.high - found.estimate == pytest.approx(student.ppf(0.95, 2) * error)
    assert found.basis == "a jackknife over 3 seeds, 3 tasks"
    alone = {pair: heads for pair, heads in kept.items() if pair[0] == "wnli"}
    for name in ("masks_are_unstable", "masks_depend_on_the_seed", "masks_are_not_alike", "middle_components_survive"):
        assert set(judged(choose("claims", name).measured(searches_recorded(alone)))) == {MISSING}


def test_recorded_masks_are_compared_by_task_and_seed():
    kept = drawn_masks(("cola", "sst2"), (1, 2))
    lost, symmetric = choose("claims", "masks_depend_on_the_seed").measured(searches_recorded(kept))
    same_task = np.mean([cohen(kept[task, 1], kept[task, 2]) for task in ("cola", "sst2")])
    same_seed = np.mean([cohen(kept["cola", seed], kept["sst2", seed]) for seed in (1, 2)])
    neither = np.mean([cohen(kept["cola", 1], kept["sst2", 2]), cohen(kept["cola", 2], kept["sst2", 1])])
    assert lost.estimate == pytest.approx((1 - same_task) - (same_task - neither))
    assert symmetric.estimate == pytest.approx(same_seed - same_task)
    assert judged([lost]) == [OPEN]  # two seeds have no interval
    (alike,) = choose("claims", "masks_are_not_alike").measured(searches_recorded(kept))
    assert alike.estimate == pytest.approx(same_task)


def test_where_components_survive_among_recorded_runs():
    """Three layers of two heads and an MLP each."""
    rows = searches_recorded({("cola", 1): [1, 1, 1, 0, 0, 0], ("cola", 2): [1, 0, 1, 0, 0, 1]})
    rows["kept_mlps"] = [[0, 1, 1], [0, 1, 0], None]
    heads, mlps = choose("claims", "middle_components_survive").measured(rows)
    assert heads.estimate == pytest.approx(100 * np.mean([3 / 4 - 0, 2 / 4 - 1 / 2]))
    assert mlps.estimate == pytest.approx(100 * np.mean([1 - 1 / 2, 1 - 0]))
    lasting = made(
        [
            {"experiment": "MagnitudeSearch", "degenerate": "", "share": 0.9, "dense_score": 0.9, "majority": 0.5,
             "per_step": 0.1, "of.task": "cola", "of.seed": seed, "mlp_shares": [0.4, 0.9, 0.6 + seed / 100],
             "head_shares": [0.5, 0.3, 0.9, 0.9, 0.5, 0.5]}
            for seed in (1, 2)
        ]
    )  # fmt: skip
    (later,) = choose("claims", "earlier_layers_lose_more_weights").measured(lasting)
    assert later.estimate == pytest.approx(100 * np.mean([(0.1 + 0.2 + seed / 100) / 2 for seed in (1, 2)]))


def test_searches_alone_and_together_among_recorded_runs():
    kept = {"both": (10, 2, 0.5), "heads": (8, 4, 0.7), "mlps": (16, 3, 0.9)}
    rows = [
        {"experiment": "ComponentSearch", "mode": mode, "recipe": "printed", "where": "dev", "guarded": False,
         "importance": "sample", "of.train_examples": 0, "of.task": "sst2", "of.seed": seed, "heads": heads + seed,
         "mlps": mlps, "all_heads": 16, "all_mlps": 4, "share_kept": share + seed / 100, "degenerate": "",
         "share": 0.9, "dense_score": 0.9, "majority": 0.5}
        for mode, (heads, mlps, share) in kept.items() for seed in (1, 2, 3)
    ]  # fmt: skip
    heads, mlps = choose("claims", "fewer_remain_separately").measured(made(rows))
    assert (heads.estimate, mlps.estimate) == pytest.approx((100 * (8 - 10) / 16, 25))
    than_heads, than_mlps = choose("claims", "together_is_smaller").measured(made(rows))
    assert (than_heads.estimate, than_mlps.estimate) == pytest.approx((-20, -40))
    only = [row for row in rows if row["mode"] == "both"]
    assert judged(choose("claims", "fewer_remain_separately").measured(made(only))) == [MISSING, MISSING]


PATTERNS = ("diagonal", "vertical", "vertical+diagonal", "block", "heterogeneous")


def patterns_recorded(raw, normed, *, labels=10) -> pd.DataFrame:
    """A table as attention_patterns leaves it: two layers of six heads, of which all seeds keep the first six.

    labels  how many labelled maps of each kind and pattern there are
    """
    rows = []
    for seed in (1, 2):
        searched = searches_recorded({("cola", seed): [1] * 6 + [0] * 6}).iloc[:1].drop(columns=["world", "examples"])
        rows.append(searched.to_dict("records")[0] | {"kept_mlps": [1, 1]})
        for kind, of in (("raw", raw), ("normed", normed)):
            shares = np.zeros((12, 5))
            for pattern, values in of.items():
                shares[:, PATTERNS.index(pattern)] = values
            rows.append(
                {"experiment": "AttentionPatterns", "task": "cola", "kind": kind, "released": False, "of": "FineTuning",
                 "of.seed": seed, "of_layers": 2, "shares": shares.flatten().tolist(), "confidences": [0.5] * 12,
                 "parameters": "{}"}
            )  # fmt: skip
    maps = [(kind, pattern) for kind in ("raw", "normed") for pattern in PATTERNS for _ in range(labels)]
    named = [pattern for _, pattern in maps]
    told = {"kinds": [kind for kind, _ in maps], "in_layers": [0] * len(maps), "in_heads": list(range(len(maps)))}
    told |= {"first_labels": named, "second_labels": named, "answers": named, "confidences": [0.9] * len(maps)}
    rows += [
        {"experiment": "LabelledPatterns", "model": "minilm", "task": "cola", "of.classifier": "cnn", "of.drawn": 100,
         "of.seed": seed, "parameters": "{}", **told}
        for seed in (0, 1)
    ]  # fmt: skip
    table = pd.DataFrame(rows).astype(object)
    return made(table.where(table.notna(), None))


def test_recorded_patterns_of_attention():
    spread = np.tile([0.0, 0.02, 0.04], 4)
    first = np.repeat([1.0, 0.0], 6)
    raw = {"heterogeneous": 0.4 + 0.3 * first + spread, "diagonal": 0.1 + spread, "vertical": 0.2 - 0.1 * first,
           "vertical+diagonal": 0.3 - spread, "block": 0.1 + 0.2 * first}  # fmt: skip
    normed = {"heterogeneous": 0.4 - 0.3 * first + spread, "diagonal": 0.3 + 2 * spread, "vertical+diagonal": spread,
              "vertical": 0.1 - 0.1 * first}  # fmt: skip
    table = patterns_recorded(raw, normed)
    more, less = choose("claims", "survivors_are_not_more_linguistic").measured(table)
    assert (more.estimate, less.estimate) == pytest.approx((100 * 0.3 / 0.42, -100 * 0.3 / 0.42))
    assert more.basis == "a bootstrap over 12 heads"
    assert judged([more, less]) == [FAILS, HOLDS]
    block, vertical = choose("claims", "survivors_are_block_and_vertical").measured(table)
    assert (block.estimate, vertical.estimate) == pytest.approx((20, -10))
    found = choose("claims", "normed_maps_are_more_diagonal").measured(table)
    assert [each.estimate for each in found] == pytest.approx([22, -26, -16, 22, -26, -16])
    assert judged(found) == [HOLDS] * 6
    turned = choose("claims", "normed_maps_are_more_diagonal").measured(patterns_recorded(normed, raw))
    assert judged(turned) == [FAILS] * 6
    few = choose("claims", "survivors_are_not_more_linguistic").measured(patterns_recorded(raw, normed, labels=9))
    assert claims.judged(few)[0] == (
        SILENT,
        "9 labelled raw maps are heterogeneous: too few to know how well the network tells it",
    )
    names = ("survivors_are_not_more_linguistic", "normed_maps_are_more_diagonal", "survivors_are_block_and_vertical")
    for name in names:
        assert set(judged(choose("claims", name).measured(table.iloc[:1]))) == {MISSING}


def test_a_bootstrap_over_heads_draws_each_with_all_its_seeds():
    """Against a loop over draws of the same heads."""
    generator = np.random.default_rng(5)
    raw = {"heterogeneous": generator.random(12)}
    (found, _) = choose("claims", "survivors_are_not_more_linguistic").measured(patterns_recorded(raw, raw))
    values, drawn = raw["heterogeneous"], []
    for places in np.random.default_rng(0).integers(12, size=(1999, 12)):
        few, rest = values[places[places < 6]], values[places[places >= 6]]
        if len(few) and len(rest):
            drawn.append(100 * (few.mean() - rest.mean()) / rest.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.05, 0.95])))


def test_most_components_matter_little_among_recorded_runs():
    rows, spreads = [], []
    for seed in (1, 2, 3):
        of = {"of.task": "cola", "of.seed": seed}
        rows.append(
            {"experiment": "ComponentScores", "importance": "sample", "order": 0,
             "head_scores": np.array([1.0, 0.4, 0.2, 0.1]), "mlp_scores": np.array([2.0, 1.5 - seed])} | of
        )  # fmt: skip
        rows.append(rows[-1] | {"of.task": "stsb"})  # whose loss is not in nats
        rows.append(rows[-2] | {"order": 1, "head_scores": np.ones(4)})
        heads, mlps = [0.9, 0.1 * seed, 0.0, 0.05], [1.0, 0.4]
        removal = {"head_rises": heads, "mlp_rises": mlps, "head_errors": [0.02] * 4, "mlp_errors": [0.01] * 2}
        rows.append({"experiment": "ComponentRemoval"} | removal | of)
        rows.append(rows[-1] | {"of.task": "stsb", "head_rises": [0.9, 0.5, 0.7, 3.0]})
        low, errors = [*heads[1:], mlps[1]], [0.02, 0.02, 0.02, 0.01]
        spreads.append(math.sqrt(np.var(low, ddof=1) - np.mean(np.square(errors))))
        for importance, share in (("sample", 0.5), ("random", 0.6 + seed / 100)):
            search = {"experiment": "ComponentSearch", "importance": importance}
            search |= {"share_kept": share, "degenerate": "", "share": 0.9, "dense_score": 0.9, "majority": 0.5}
            rows.append(search | of)
    low, alike, equal = choose("claims", "most_components_matter_little").measured(made(rows))
    assert low.estimate == pytest.approx(100 * 4 / 6)
    assert alike.estimate == pytest.approx(np.mean(spreads))
    assert equal.estimate == pytest.approx(12)
    few = [row for row in rows if row["experiment"] != "ComponentRemoval" and row["importance"] != "random"]
    assert judged(choose("claims", "most_components_matter_little").measured(made(few)))[1:] == [MISSING, MISSING]
    unsearched = [row for row in rows if row["experiment"] != "ComponentSearch"]
    assert judged(choose("claims", "most_components_matter_little").measured(made(unsearched)))[2] == MISSING


# Chen et al.


def tickets_recorded() -> pd.DataFrame:
    """A table as rewinding leaves it: three worlds, two tasks, levels 4 and 7."""
    rows, noise = [], {1: -0.004, 2: 0.0, 3: 0.003}
    for world in (1, 2, 3):
        told = json.dumps({"experiment": "Miniature", "seed": world})
        for task in ("cola", "sst2"):
            common = {"experiment": "FineTuning", "task": task, "seed": world, "parameters": told, "majority": 0.5}
            rows.append(common | {"start": "Miniature", "score": 0.8})
            rows.append(common | {"start": "Miniature", "seed": world + 1000, "score": 0.1})  # another seed of it
            for on, training, level, score in (
                ("Miniature", "OnTask", 4, 0.795), ("Miniature", "OnTask", 7, 0.7), ("Miniature", "OnText", 7, 0.6),
                ("Redrawn", "OnTask", 7, 0.5), ("Shuffled", "OnTask", 7, 0.55),
            ):  # fmt: skip
                of = task if training == "OnTask" else None
                ticket = {
                    "start": "Ticket",
                    "start.of": on,
                    "start.kept": "IterativePruning",
                    "start.kept.level": level,
                }
                ticket |= {"start.kept.of": "original", "start.kept.rewind_step": 0, "start.kept.per_level": 0.1}
                ticket |= {"start.kept.training": training, "start.kept.training.task": of}
                rows.append(common | ticket | {"score": score + noise[world] * (on == "Miniature")})
                other = {"start.kept.training.task": "mnli", "score": 0.0}
                rows += [common | ticket | other] if training == "OnTask" else []  # a ticket of another task
    return made(rows)


def test_recorded_tickets_are_held_against_the_full_model_and_against_other_weights():
    table = tickets_recorded()
    (match,) = choose("claims", "iterative_tickets_match").measured(table)
    assert match.estimate == pytest.approx(0.5 + 100 * 0.001 / 3)
    assert match.basis == "3 worlds"
    redrawn, shuffled = choose("claims", "trained_weights_are_needed").measured(table)
    assert (redrawn.estimate, shuffled.estimate) == pytest.approx((20 - 0.1 / 3, 15 - 0.1 / 3))
    (universal,) = choose("claims", "mlm_tickets_transfer").measured(table)
    assert universal.estimate == pytest.approx(20 + 0.1 / 3)
    assert judged([universal]) == [FAILS]
    bare = table[table["start"] == "Miniature"]
    assert judged(choose("claims", "mlm_tickets_transfer").measured(bare)) == [MISSING]


# Jiang et al.


def recorded_masks() -> pd.DataFrame:
    """A recorded mask_learning of two tasks and three seeds, its scores set by method, sparsity, task and seed."""
    levels = {"smp_l": 0.80, "smp_s": 0.82, "smp_g": 0.75, "movement": 0.79, "magnitude": 0.70}
    names = [f"bert.encoder.layer.{layer}.{part}.weight" for layer in range(2) for part in
             ("attention.self.query", "attention.output.dense", "intermediate.dense")]  # fmt: skip
    rows = []
    for seed, noise in ((1, -0.001), (2, 0.0), (3, 0.002)):
        for task, shift in (("qqp", -0.1), ("sst2", 0.1)):
            common = {"task": task, "seed": seed, "majority": 0.3, "seconds": 3.0}
            rows.append({"experiment": "FineTuning", **common, "score": 0.81 + shift})
            rows += [
                {"experiment": "LearnedMask", "method": method, "sparsity": sparsity, **common}
                | {"strength": 400.0 * method.startswith("smp"), "trained": 100 + 98 * (not method.startswith("smp"))}
                | {"matrices": names, "shares": [0.10, 0.10, 0.2 + seed / 100, 0.05, 0.05, 0.1]}
                | {"query_heads": [0.0, 0.5], "value_heads": [0.002, 0.001], "sparsity_met": sparsity}
                | {"score": score - 0.1 * sparsity + shift + noise * (method == "smp_l")}
                for method, score in levels.items()
                for sparsity in (0.2, 0.9, 0.97)
            ]
            rows.append({"experiment": "LearnedMask", "method": "l0", "sparsity": 0.0, **common, "score": 0.1})
            rows += [
                {"experiment": "PressedMask", "method": "smp_t", "sparsity": asked, **common, "strength": 90.0,
                 "sparsity_met": asked + 0.01, "score": score + noise}
                for asked, score in ((0.5, 0.9), (0.9, 0.6), (0.97, 0.3))
            ]  # fmt: skip
    return made(rows)


def test_learned_masks_are_compared_as_recorded():
    table = recorded_masks()
    noise = 100 * 0.001 / 3
    for name, expected in (
        ("fine_tuning_is_redundant", [1 + noise] * 3),
        ("learned_masks_beat_magnitude", [10 + noise] * 3),
        ("movement_loses_at_low_sparsity", [9]),
        ("a_mask_beats_fine_tuning", [-3 + noise, -1]),
        ("shares_that_follow_scores_win", [2 - noise] * 3),
        ("one_ranking_loses", [5 + noise] * 2),
    ):
        found = choose("claims", name).measured(table)
        assert [each.estimate for each in found[: len(expected)]] == pytest.approx(expected), name
    none_there = table[table["experiment"] == "FineTuning"].assign(method=None, sparsity=math.nan, strength=math.nan)
    for name in ("fine_tuning_is_redundant", "learned_masks_beat_magnitude", "one_ranking_loses"):
        assert set(judged(choose("claims", name).measured(none_there))) == {MISSING}
    too = table[(table["method"] == "movement") & (table["sparsity"] == 0.9)]
    too = too.assign(strength=400.0, score=too["score"] + 0.06)
    found = choose("claims", "fine_tuning_is_redundant").measured(pd.concat([table, too]))
    assert [each.estimate for each in found] == pytest.approx([1 + noise, 1 + noise, -5 + noise, 1 + noise])
    assert ["regulariser" in each.what for each in found] == [False, False, True, False]
    # Its mask over the pre-trained weights is 2 points behind itself, which is more than the one that counts as none.
    swapped = too.assign(mask_alone=too["score"] - 0.02 - 0.001 * too["seed"])
    found = choose("claims", "fine_tuning_is_redundant").measured(pd.concat([table, swapped]))
    assert [each.estimate for each in found][3] == pytest.approx(-2.2)
    assert "pre-trained weights" in found[3].what
    assert len(found) == 5


def test_masks_of_several_worlds_are_judged_over_worlds():
    """Four worlds of the same seeds: what T has above the majority class, and the shares of heads, have four values."""
    worlds = []
    for world in (1, 2, 3, 4):
        table = recorded_masks().drop(columns=["world", "examples"])
        told = json.dumps({"experiment": "LearnedMask", "start": {"experiment": "Miniature", "seed": world}})
        own = table["score"] + 0.01 * world * (table["method"] == "smp_t")
        worlds.append(table.assign(parameters=told, score=own))
    table = made(pd.concat(worlds, ignore_index=True))
    (converged,) = choose("claims", "thresholds_do_not_converge").measured(table)
    assert converged.basis == "4 worlds"
    assert converged.estimate == pytest.approx(30 + 0.1 / 3 + 2.5)
    assert converged.plan.spread == pytest.approx(np.std([1, 2, 3, 4], ddof=1))
    (times,) = choose("claims", "global_masks_favour_mlps").measured(table)
    assert times.estimate == pytest.approx(np.mean([(0.2 + seed / 100 + 0.1) / 2 / 0.075 for seed in (1, 2, 3)]))
    assert times.basis == "4 worlds that do not differ: no interval"


def test_what_masks_keep_and_train_as_recorded():
    table = recorded_masks()
    (half,) = choose("claims", "half_the_parameters_are_trained").measured(table)
    assert (half.estimate, judged([half])) == (pytest.approx(100 / 198), [HOLDS])
    (times,) = choose("claims", "global_masks_favour_mlps").measured(table)
    of_seed = [(0.2 + seed / 100 + 0.1) / 2 / 0.075 for seed in (1, 2, 3)]
    assert times.estimate == pytest.approx(np.mean(of_seed))
    deeper, _ = choose("claims", "sparsity_grows_with_depth").measured(table)
    first = [(0.1 + 0.1 + 4 * (0.2 + seed / 100)) / 6 for seed in (1, 2, 3)]
    assert deeper.estimate == pytest.approx(100 * (0.5 / 6 - np.mean(first)))
    few, _ = choose("claims", "most_heads_keep_little").measured(table)
    assert few.estimate == pytest.approx(75)
    low = table.assign(majority=0.9)
    assert judged(choose("claims", "global_masks_favour_mlps").measured(low)) == [SILENT]
    (converged,) = choose("claims", "thresholds_do_not_converge").measured(table)
    assert converged.estimate == pytest.approx(30 + 0.1 / 3)
    assert judged([converged]) == [FAILS]
    # That T is at the floor is what is claimed, and counts where another mask is above it.
    level = table["majority"] + 0.001 * table["seed"]
    idle = table.assign(score=table["score"].mask(table["method"] == "smp_t", level))
    (converged,) = choose("claims", "thresholds_do_not_converge").measured(idle)
    assert converged.estimate == pytest.approx(0.2)
    own, fixed = 0.1**2 / 3, 100**2 * sum(0.302 * 0.698 / size for size in (872, 40430)) / 4
    reach = student.ppf(0.95, (own + fixed) ** 2 / (own**2 / 2)) * math.sqrt(own + fixed)
    assert converged.high == pytest.approx(0.2 + reach)
    assert judged(choose("claims", "thresholds_do_not_converge").measured(low)) == [SILENT]
    files = made([
        {"experiment": "MaskSizes", "kept": kept, "stay": stay, "weights": 1000.0, "entropy": size}
        for kept, stay, size in (("LearnedMask", 100.0, 60.0), ("LearnedMask", 30.0, 20.0),
                                 ("LearnedMask", 500.0, 130.0), ("Cut", 100.0, 500.0))
    ])  # fmt: skip
    (worst,) = choose("claims", "masks_compress").measured(files)
    assert (worst.estimate, worst.basis) == (pytest.approx(0.48), "counted in 2 files")


def test_steps_of_two_methods_are_compared_in_units_of_fine_tuning():
    """By hand: 3 / 1.5 over 2 / 1, 6 / 1.5 over 2 / 2, 4 / 1 over 1 / 1."""
    table = made(
        [
            {"experiment": "StepTime", "method": method, "seed": seed, "step_seconds": step,
             "fine_tuning_seconds": plain}
            for method, times in {
                "smp_g": [(3, 1.5), (6, 1.5), (4, 1)],
                "smp_l": [(2, 1), (2, 2), (1, 1)],
                "l0": [(9, 1), (9, 1), (9, 1)],
            }.items()
            for seed, (step, plain) in enumerate(times)
        ]
    )  # fmt: skip
    steps, sorts = choose("claims", "one_ranking_takes_longer").measured(table)
    assert steps.estimate == pytest.approx((1 + 4 + 4) / 3)
    assert judged([steps, sorts]) == [SILENT, MISSING]  # they sort nothing
    sorted_too = pd.concat([table, made([
        {"experiment": "SortTime", "seed": seed, "together_seconds": 4.0 + seed / 10, "each_seconds": 3.0}
        for seed in range(3)
    ])])  # fmt: skip
    _, sorts = choose("claims", "one_ranking_takes_longer").measured(sorted_too)
    assert sorts.estimate == pytest.approx(4.1 / 3)
    assert judged([sorts]) == [FAILS]
    assert (
        judged(choose("claims", "one_ranking_takes_longer").measured(table[table["method"] == "l0"])) == [MISSING] * 2
    )


def recipes_recorded(recipes) -> pd.DataFrame:
    return made(
        [
            {"experiment": "LearnedMask", "sparsity": sparsity, "task": task, "seed": seed, "majority": 0.3,
             "query_heads": [0.1, 0.1 + spread], "key_heads": [0.1, 0.1], "value_heads": [0.1, 0.1],
             "output_heads": [0.1, 0.1]}
            | recipe
            | {"score": score - sparsity / 10 + 0.001 * seed * (recipe["strength"] > 0)}
            for seed in (1, 2, 3) for task in ("qqp", "sst2") for sparsity in (0.5, 0.9)
            for recipe, score, spread in recipes
        ]
        + [{"experiment": "FineTuning", "task": task, "seed": seed, "score": 0.9, "majority": 0.3}
           for seed in (1, 2, 3) for task in ("qqp", "sst2")]
    )  # fmt: skip


def test_what_a_learned_mask_needs_is_compared_as_recorded():
    """Each variation alone; a teacher, a sum and another rise are no base."""
    base = {"head": "mlm", "strength": 400.0, "summed": False, "pressing": "run", "teacher": None, "guided": "released"}
    base |= {"method": "smp_l", "released_words": False}
    recipes = [
        (base, 0.80, 0.08),
        (base | {"head": "random"}, 0.78, 0.0),
        (base | {"head": "embedding"}, 0.1, 0.0),
        (base | {"strength": 0.0}, 0.75, 0.02),
        (base | {"summed": True}, 0.1, 0.0),
        (base | {"pressing": "ramp"}, 0.1, 0.0),
        (base | {"teacher": "FineTuning"}, 0.83, 0.0),
        (base | {"teacher": "FineTuning", "guided": "printed"}, 0.1, 0.0),
        (base | {"teacher": "FineTuning", "method": "smp_s"}, 0.85, 0.0),
        (base | {"strength": 100.0}, 0.1, 0.0),
        (base | {"released_words": True}, 0.1, 0.0),
        (base | {"method": "smp_s"}, 0.1, 0.0),
    ]
    table = recipes_recorded(recipes)
    matters = choose("claims", "the_regulariser_matters").measured(table)
    assert [each.estimate for each in matters] == pytest.approx([5.2, 5.2])
    assert judged(matters) == [HOLDS, HOLDS]
    helps = choose("claims", "label_words_help").measured(table)
    assert judged(helps) == [SILENT, SILENT]  # no run of the new head without the regulariser: unequal pressure
    equal = recipes_recorded([*recipes, (base | {"head": "random", "strength": 0.0}, 0.70, 0.0)])
    assert [each.estimate for each in choose("claims", "label_words_help").measured(equal)] == pytest.approx([5, 5])
    taught = choose("claims", "a_teacher_always_helps").measured(table)
    assert [each.estimate for each in taught] == pytest.approx([3, 3])
    (half,) = choose("claims", "a_taught_half_beats_full_bert").measured(table)
    assert half.estimate == pytest.approx(100 * (0.85 - 0.05 + 0.002 - 0.9))
    (spread,) = choose("claims", "regulariser_spreads_heads").measured(table)
    deviations = [100 * np.std([0.1] * 7 + [0.1 + more]) for more in (0.08, 0.02)]
    assert spread.estimate == pytest.approx(deviations[0] - deviations[1])
    without = table[~(table["strength"] == 0)]
    assert set(judged(choose("claims", "the_regulariser_matters").measured(without))) == {MISSING}


def answers_recorded(scored) -> pd.DataFrame:
    """A table as spans_and_roberta leaves it: {(family, task, method, rise, sparsity, teacher, seed): score}."""
    return made(
        [
            {"experiment": "FineTuning" if method == "full" else "LearnedMask", "start.family": family, "task": task,
             "seed": seed, "method": method, "rise": rise, "head": "random",
             "strength": 400.0 * method.startswith("smp"), "teacher": "FineTuning" if teacher else None,
             "guided": "released", "sparsity": sparsity, "score": score, "majority": 0.1}
            for (family, task, method, rise, sparsity, teacher, seed), score in scored.items()
        ]
    )  # fmt: skip


def test_recorded_gains_are_those_of_the_rise_that_the_paper_gives_each_model():
    generator = np.random.default_rng(4)
    scored = {
        (family, task, method, rise, sparsity, False, seed): 0.5 + 0.3 * generator.random()
        for family in ("bert", "roberta")
        for task in ("cola", "sst2", "squad")
        for method, rise, sparsity in (
            ("full", None, None),
            *(("smp_l", rise, sparsity) for rise in ("cubic", "linear") for sparsity in (0.2, 0.5)),
            ("smp_s", "cubic", 0.2),
        )
        for seed in (1, 2, 3)
    }
    found = choose("claims", "masks_suit_two_models").measured(answers_recorded(scored))
    for family, rise, each in zip(("bert", "roberta"), ("cubic", "linear"), found, strict=True):
        values = [
            100
            * (
                scored[family, task, "smp_l", rise, 0.2, False, seed]
                - scored[family, task, "full", None, None, False, seed]
            )
            for seed in (1, 2, 3)
            for task in ("cola", "sst2")
        ]
        assert each.estimate == pytest.approx(np.mean(values))
    alone = {place: score for place, score in scored.items() if place[0] == "bert"}
    assert judged(choose("claims", "masks_suit_two_models").measured(answers_recorded(alone)))[1] == MISSING


def test_recorded_answers_by_masks_and_by_movement_and_with_a_teacher():
    scored = {}
    for seed, more in ((1, 0.03), (2, 0.035), (3, 0.04)):
        scored["bert", "squad", "movement", "cubic", 0.9, False, seed] = 0.5
        scored["bert", "squad", "smp_l", "cubic", 0.9, False, seed] = 0.5 + more
        scored["bert", "squad", "smp_l", "cubic", 0.9, True, seed] = 0.6 + more
        scored["roberta", "squad", "movement", "cubic", 0.9, False, seed] = 0.9  # of another model: not asked for
        scored["roberta", "squad", "smp_l", "cubic", 0.9, False, seed] = 0.1
        scored["bert", "cola", "smp_l", "cubic", 0.9, False, seed] = 0.1
    (found,) = choose("claims", "answers_need_no_fine_tuning").measured(answers_recorded(scored))
    assert found.estimate == pytest.approx(3.5)
    taught, other = choose("claims", "a_teacher_adds_to_f1").measured(answers_recorded(scored))
    assert taught.estimate == pytest.approx(10)
    assert judged([other]) == [MISSING]
