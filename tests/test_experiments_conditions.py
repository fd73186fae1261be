"""The four conditions of Gordon et al. 2020: what is removed, when, and how long each is trained."""

from dataclasses import replace

import pandas as pd
import pytest
from toy_pretrainings import control

from lottery import store
from lottery.experiments import conditions
from lottery.experiments.tickets import Freed
from lottery.findings.conditions import with_conditions


@pytest.fixture
def tuned(fine_tuning):
    return replace(fine_tuning, epochs=1.0)


def test_every_condition_has_the_same_budget_unless_the_papers_are_asked_for(tuned):
    for condition in conditions.CONDITIONS:
        for sparsity in (0.0, 0.5, 0.9):
            before, after = conditions.epochs(condition, sparsity, "equal", equal=2.0)
            assert before + after == 2.0
            assert (before > 0) == (condition == "pruned_downstream")
    printed = {
        condition: [sum(conditions.epochs(condition, s / 10, "printed", equal=1.0)) for s in range(10)]
        for condition in conditions.CONDITIONS
    }
    assert printed == {
        "pruned_in_pretraining": [3] * 10,
        "information_deletion": [13] * 7 + [15] * 3,
        "pruned_downstream": [8] * 8 + [10] * 2,
        "random": [3] * 10,
    }


def test_a_condition_or_a_budget_that_there_is_not_is_refused(tuned):
    whole = replace(tuned, start=control(), saved=False)
    with pytest.raises(ValueError, match="no condition 'pruned': there are pruned_in_pretraining, information_del"):
        conditions.under("pruned", whole, 0.6, "equal")
    with pytest.raises(ValueError, match="no budget 'equall': there are equal, printed, released"):
        conditions.under("random", whole, 0.6, "equall")


def test_the_conditions_differ_in_what_is_removed_and_when(tuned):
    whole = replace(tuned, start=control(), saved=False)
    grid = {condition: conditions.under(condition, whole, 0.6, "equal") for condition in conditions.CONDITIONS}
    assert len({store.key(each) for each in grid.values()}) == 4
    pruned = grid["pruned_in_pretraining"]
    assert (pruned.start.sparsity, pruned.start.importance, pruned.epochs) == (0.6, "magnitude", 1.0)
    assert grid["random"].start == replace(pruned.start, importance="random")
    assert grid["information_deletion"].start == Freed(pruned=pruned.start)
    later = grid["pruned_downstream"]
    assert later.start.of.start == control()
    assert later.start.of.epochs == later.epochs == 0.5
    assert later.start.kept.of == later.start.of
    table = pd.DataFrame([{"experiment": "FineTuning"} | store.flattened(each) for each in [*grid.values(), tuned]])
    named = with_conditions(table)
    assert named["condition"].tolist() == list(grid)
    assert named["sparsity"].tolist() == [0.6] * 4
    assert named["pruning_seed"].tolist() == [2] * 4
    assert named["seed"].tolist() == [3] * 4
    assert with_conditions(table[table["start"] == "GradualPruning"])["condition"].tolist() == [
        "pruned_in_pretraining",
        "random",
    ]
    begin = conditions.under("random", whole, 0.0, "equal")
    assert begin == conditions.under("pruned_in_pretraining", whole, 0.0, "equal")
    table = pd.DataFrame([{"experiment": "FineTuning"} | store.flattened(each) for each in [begin, grid["random"]]])
    assert with_conditions(table)[["condition", "sparsity"]].to_numpy().tolist() == [
        ["pruned_in_pretraining", 0.0],
        ["random", 0.6],
        ["random", 0.0],
    ]


def test_cut_late_and_cut_first_differ_in_nothing_but_the_moment_of_the_cut(tuned):
    last = replace(tuned, start=control(), saved=False, epochs=2.0)
    late, first = conditions.cut_late(last, 0.6, 3.0), conditions.cut_first(last, 0.6, 3.0)
    before = {late.start.of, replace(first.start, start=control())}
    assert before == {replace(last, epochs=3.0, saved=True)}
    assert replace(late, start=control()) == replace(first, start=control()) == last
    assert (late.start.kept.of, late.start.of.start) == (late.start.of, control())
    assert first.start.start.of == first.start.start.kept.of == control()
    assert replace(late.start.kept, of=control(), seed=2) == first.start.start.kept
    at_once = conditions.cut_late(last, 0.6, 0.0)
    assert at_once.start == first.start.start
    assert conditions.cut_first(last, 0.0, 3.0).start == late.start.of
    half = conditions.under("pruned_downstream", last, 0.6, "equal")
    assert half == conditions.cut_late(replace(last, epochs=1.0), 0.6, 1.0)


@pytest.mark.parametrize("recipe", ["equal", "printed", "released"])
def test_the_recipe_of_a_run_is_found_from_it(tuned, recipe):
    whole = replace(tuned, start=control(), saved=False, epochs=2.0)
    grid = [conditions.under(name, whole, 0.8, recipe) for name in conditions.CONDITIONS]
    rows = with_conditions(pd.DataFrame([{"experiment": "FineTuning"} | store.flattened(each) for each in grid]))
    assert conditions.recipe_of(rows).tolist() == [recipe] * 4
    assert rows["condition"].tolist() == list(conditions.CONDITIONS)
