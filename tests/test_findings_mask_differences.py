"""Made-up comparisons of masks, against loops over the rows and scipy."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from lottery.findings import mask_differences as masks


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


def of(
    pair: str, sparsity: float, seed: int, task: str | None = None, epochs: float | None = None, recipe: str = "printed"
) -> dict:
    return {
        "experiment": "MaskDifference",
        "one.of": "GradualPruning" if task is None else "FineTuning",
        "other": "Cut" if pair == masks.TUNING else "GradualPruning",
        "one.of.task": task,
        "one.of.epochs": epochs,
        "one.of.recipe": recipe if task else None,
        "one.of.start.seed": seed if task else None,
        "one.sparsity": sparsity,
        "one.seed": seed,
        "wanted": pair,
    }


def tuned(task: str, seed: int, sparsity: float, before: float, cut: str) -> dict:
    """A model that was cut after `before` epochs of fine-tuning, or first and trained as long."""
    row = {"experiment": "FineTuning", "task": task, "seed": seed, "before": before, "cut": cut, "sparsity": sparsity}
    if cut == "late":
        start = {"start": "Ticket", "start.kept": "Cut", "start.kept.sparsity": sparsity}
        if not before:
            return row | start | {"start.of": "GradualPruning", "start.of.seed": seed}
        return row | start | {"start.of": "FineTuning", "start.of.epochs": before, "start.of.start.seed": seed}
    start = {"start": "FineTuning", "start.epochs": before}
    if not sparsity:
        return row | start | {"start.start": "GradualPruning", "start.start.seed": seed}
    start |= {"start.start": "Ticket", "start.start.kept": "Cut", "start.start.kept.sparsity": sparsity}
    return row | start | {"start.start.of.seed": seed}


@pytest.fixture
def runs():
    """Three seeds, two tasks, two sparsities; one task was fine-tuned for longer, too, and another for that alone."""
    rows = []
    for seed in (1, 2, 3):
        for sparsity in (0.3, 0.6):
            rows.append(of(masks.ALONE, sparsity, seed))
            for task in ("cola", "sst2"):
                rows += [of(pair, sparsity, seed, task, 1.0) for pair in (masks.TUNING, masks.BOTH)]
        for before in (1.0, 3.0):
            rows.append(of(masks.TUNING, 0.6, seed, "rte", before))
        rows.append(of(masks.TUNING, 0.6, seed, "cola", 3.0))
        for task in ("rte", "cola"):
            for before in (0.0, 1.0, 3.0):
                rows += [tuned(task, seed, sparsity, before, "late") for sparsity in (0.3, 0.6)]
                if before:
                    rows += [tuned(task, seed, sparsity, before, "first") for sparsity in (0.0, 0.3, 0.6)]
                    rows.append(of(masks.TUNING, 0.6, seed, task, before, "released"))
    generator = np.random.default_rng(0)
    table = pd.DataFrame(rows)
    for name in masks.MEASURES:
        table[name] = generator.random(len(table))
    table["kinds"] = [["key", "value"]] * len(table)
    table["different_by_kind"] = generator.random((len(table), 2)).tolist()
    table["score"] = np.where(table["task"].notna() & (table["seed"] == 2), np.nan, generator.random(len(table)))
    table["accuracy"] = generator.random(len(table))
    return table


def test_a_comparison_is_named_by_its_two_masks(runs):
    rows = masks.compared(runs)
    assert rows["pair"].tolist() == rows["wanted"].tolist()
    assert len(rows) == (runs["experiment"] == "MaskDifference").sum()


def test_means_are_over_the_tasks_that_were_compared_and_their_length(runs):
    means = masks.by_seed(runs)
    assert means["pair"].unique().tolist() == list(masks.PAIRS)
    assert len(means) == 3 * 2 * 3
    for mean in means.to_dict("records"):
        chosen = [
            row["kappa"]
            for row in runs.to_dict("records")
            if (row["wanted"], row["one.sparsity"], row["one.seed"]) == (mean["pair"], mean["sparsity"], mean["seed"])
            and row["one.of.recipe"] != "released"
            and (mean["pair"] == masks.ALONE or (row["one.of.task"] in ("cola", "sst2") and row["one.of.epochs"] == 1))
        ]
        assert len(chosen) == (1 if mean["pair"] == masks.ALONE else 2)
        assert mean["kappa"] == pytest.approx(sum(chosen) / len(chosen))


def test_kinds_of_matrices_stand_apart(runs):
    table = masks.by_kind(runs, masks.TUNING).set_index(["kind", "sparsity", "seed"])["different"]
    assert len(table) == 2 * 2 * 3
    usual = runs[(runs["wanted"] == masks.TUNING) & (runs["one.of.epochs"] == 1) & (runs["one.of.task"] != "rte")]
    here = usual[(usual["one.sparsity"] == 0.6) & (usual["one.seed"] == 3) & (usual["one.of.recipe"] == "printed")]
    assert table["value", 0.6, 3] == pytest.approx(np.mean([each[1] for each in here["different_by_kind"]]))


def test_measures_have_the_interval_of_their_seeds(runs):
    means = masks.by_seed(runs)
    table = masks.over_seeds(means)
    some = means[(means["pair"] == masks.BOTH) & (means["sparsity"] == 0.6)]
    row = table.loc[(masks.BOTH, 0.6)]
    assert row["kappa"] == pytest.approx(t_interval(some["kappa"]))
    assert row["chance"] == pytest.approx(sum(some["chance"]) / 3)


def test_what_the_task_adds_is_paired_with_the_control(runs):
    means = masks.by_seed(runs)
    at = means[means["sparsity"] == 0.6].set_index(["pair", "seed"])["different"]
    both, alone = ([at[pair, seed] for seed in (1, 2, 3)] for pair in (masks.BOTH, masks.ALONE))
    assert masks.beyond_control(means, 0.6) == pytest.approx(t_interval(np.subtract(both, alone)))
    one = means[(means["pair"] != masks.ALONE) | (means["seed"] == 2)]
    assert masks.beyond_control(one, 0.6) == pytest.approx(t_interval(np.subtract(both, alone[1])))
    elsewhere = one.assign(seed=one["seed"].mask(one["pair"] == masks.ALONE, 9))  # the seed of the pre-training
    assert masks.beyond_control(elsewhere, 0.6) == pytest.approx(t_interval(np.subtract(both, alone[1])))


def test_longer_fine_tunings_are_held_against_shorter_ones(runs):
    table = masks.lengths(runs).set_index(["before", "seed"])
    assert table.index.tolist() == [(before, seed) for before in (0.0, 1.0, 3.0) for seed in (1, 2, 3)]
    for (before, seed), row in table.iterrows():
        tunings = runs[(runs["experiment"] == "FineTuning") & (runs["seed"] == seed) & (runs["before"] == before)]
        late, first = (tunings[(tunings["cut"] == cut) & (tunings["sparsity"] == 0.6)] for cut in ("late", "first"))
        whole = tunings[tunings["sparsity"] == 0]
        assert row["score"] == pytest.approx(0 if seed == 2 else sum(late["score"]) / 2)
        assert row["accuracy"] == pytest.approx(sum(late["accuracy"]) / 2)
        differ = runs[(runs["wanted"] == masks.TUNING) & (runs["one.seed"] == seed) & (runs["one.sparsity"] == 0.6)]
        differ = differ[(differ["one.of.epochs"] == before) & differ["one.of.task"].isin(["rte", "cola"])]
        if not before:
            assert row[["first", "whole"]].isna().all()
            assert (row["moved"], row["released"]) == (0, 0)
            continue
        assert row["first"] == pytest.approx(sum(first["accuracy"]) / 2)
        assert row["whole"] == pytest.approx(sum(whole["accuracy"]) / 2)
        for column, recipe in (("moved", "printed"), ("released", "released")):
            values = differ.loc[differ["one.of.recipe"] == recipe, "different"]
            assert row[column] == pytest.approx(sum(values) / 2)
    score, accuracy, moved = (
        masks.changes(table.reset_index(), 3.0, 0.0, of=name) for name in ("score", "accuracy", "moved")
    )
    assert accuracy == pytest.approx(t_interval((table.loc[3.0, "accuracy"] - table.loc[0.0, "accuracy"]).to_numpy()))
    assert score == pytest.approx(t_interval((table.loc[3.0, "score"] - table.loc[0.0, "score"]).to_numpy()))
    assert moved == pytest.approx(t_interval(table.loc[3.0, "moved"].to_numpy()))


def test_the_seed_of_masks_is_the_world_where_there_are_several_and_else_that_of_the_fine_tuning(runs):
    again = runs.assign(**{"one.seed": runs["one.seed"].where(runs["one.of"] != "FineTuning", 5)})
    assert masks.compared(again)["seed"].tolist() == masks.compared(runs)["seed"].tolist()
    alone = runs.assign(**{"one.of.start.seed": 1})
    assert masks.compared(alone)["seed"].tolist() == runs.loc[runs["wanted"].notna(), "one.seed"].tolist()
