"""Scores beside what removal costs, and pairs beside their sums: against scipy, statsmodels and loops."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from statsmodels.stats.weightstats import DescrStatsW

from lottery.findings import component_removal

LAYERS, HEADS, EXAMPLES = 3, 12, 7
MODELS = [*product((1.0, 2.0, 4.0), ("cola", "sst2", "stsb"), (1, 2))]


@pytest.fixture
def runs():
    """Three worlds, three tasks and two seeds: rises, scores that follow them closely or not at all, and pairs."""
    drawn, rows = np.random.default_rng(0), []
    for world, task, seed in MODELS:
        of = {"world": world, "of.task": task, "of.seed": seed, "layers": LAYERS}
        single = drawn.normal(0.1, 1, (HEADS + LAYERS, EXAMPLES))
        rises = single.mean(1)
        every = [*combinations(range(HEADS), 2)]
        pairs = [list(every[place]) for place in drawn.choice(len(every), 9, replace=False)]
        more = drawn.normal(0.2, 0.5, len(pairs))
        rows.append(
            {
                "experiment": "ComponentRemoval",
                "head_rises": rises[:HEADS].tolist(),
                "mlp_rises": rises[HEADS:].tolist(),
                "head_halves": single[:HEADS, ::2].mean(1).tolist(),
                "examples": EXAMPLES,
                "pair_heads": np.ravel(pairs).tolist(),
                "pair_rises": [rises[pair].sum() + add for pair, add in zip(pairs, more, strict=True)],
                "pair_mores": more.tolist(),
                "pair_errors": [0.1] * len(pairs),
                "single": single,
            }
            | of
        )
        for name, noise in (("sample", 0.3), ("running", 3.0), ("attention_entropy", 1.0)):
            scores = rises + drawn.normal(0, noise, len(rises))
            mlps = [] if name == "attention_entropy" else scores[HEADS:].tolist()
            row = {"experiment": "ComponentScores", "importance": name, "order": 0, "mlp_scores": mlps} | of
            heads = scores[:HEADS]
            normalised = heads / np.repeat([4.0, 1.0, 2.0], 4)
            rows += [row | {"head_scores": heads.tolist(), "normalised": normalised.tolist()}]
            rows += [row | {"head_scores": heads[::-1].tolist(), "normalised": heads[::-1].tolist(), "order": 1}]
    return pd.DataFrame(rows)


def found(runs, experiment, model, **which):
    """The one run of an experiment and model, looked for row by row."""
    (row,) = [
        row
        for row in runs[runs["experiment"] == experiment].to_dict("records")
        if (row["world"], row["of.task"], row["of.seed"]) == model
        and all(row[name] == value for name, value in which.items())
    ]
    return row


def over_worlds(values):
    """Mean and t interval over the worlds of the mean over tasks and seeds, of {model: value}."""
    judged = DescrStatsW([np.mean([values[model] for model in values if model[0] == world]) for world in (1, 2, 4)])
    return pytest.approx((judged.mean, *judged.tconfint_mean()))


def test_a_score_is_ranked_against_what_each_removal_costs(runs):
    ranks = component_removal.beside_truth(runs)
    assert len(ranks) == 3 * len(MODELS)
    table, expected = component_removal.told(ranks).set_index("importance"), {}
    assert table.index.tolist() == ["sample", "attention_entropy", "running"]
    for name in table.index:
        for model in MODELS:
            scores = found(runs, "ComponentScores", model, importance=name, order=0)
            truth = found(runs, "ComponentRemoval", model)
            heads, rises = (np.array(row) for row in (scores["head_scores"], truth["head_rises"]))
            parts = [slice(layer * 4, layer * 4 + 4) for layer in range(LAYERS)]
            expected["overall", name, model] = spearmanr(heads, rises).statistic
            expected["normalised", name, model] = spearmanr(heads / np.repeat([4, 1, 2], 4), rises).statistic
            expected["within", name, model] = np.mean([spearmanr(heads[part], rises[part]).statistic for part in parts])
            expected["changes", name, model] = spearmanr(heads, np.abs(rises)).statistic
            if scores["mlp_scores"]:
                expected["mlps", name, model] = spearmanr(scores["mlp_scores"], truth["mlp_rises"]).statistic
        for view in ("overall", "normalised", "within", "mlps", "changes"):
            of_view = {key[2]: value for key, value in expected.items() if key[:2] == (view, name)}
            if of_view:
                assert table.loc[name, view] == over_worlds(of_view)
        less = {
            model: expected["normalised", "sample", model] - expected["normalised", name, model] for model in MODELS
        }
        if name != "sample":
            assert table.loc[name, "less"] == over_worlds(less)
    assert np.isnan(table.loc["attention_entropy", "mlps"].mean)


def test_heads_are_counted_without_which_the_loss_falls(runs):
    values = {}
    for model in MODELS:
        rises = found(runs, "ComponentRemoval", model)["head_rises"]
        values[model] = sum(rise < 0 for rise in rises) / HEADS
    assert min(values.values()) > 0
    assert component_removal.falling(runs) == over_worlds(values)


def test_the_most_is_what_two_halves_of_the_examples_leave(runs):
    values = {}
    for model in MODELS:
        single = found(runs, "ComponentRemoval", model)["single"][:HEADS]
        between = max(spearmanr(single[:, ::2].mean(1), single[:, 1::2].mean(1)).statistic, 0)
        values[model] = np.sqrt(2 * between / (1 + between))
    assert component_removal.most(runs) == over_worlds(values)
    low, high = component_removal.by_chance(runs)
    by_lot = [spearmanr(np.random.default_rng(draw).permutation(HEADS), range(HEADS)).statistic for draw in range(2000)]
    assert (-low, high) == pytest.approx(np.quantile(np.abs(by_lot), [0.95, 0.95]), abs=0.04)


def test_pairs_are_held_against_the_sum_of_their_heads(runs):
    table = component_removal.additivity(runs)
    values = {}
    for model in MODELS:
        row = found(runs, "ComponentRemoval", model)
        pairs = np.reshape(row["pair_heads"], (-1, 2))
        summed = np.array([row["head_rises"][one] + row["head_rises"][other] for one, other in pairs])
        more = np.array(row["pair_rises"]) - summed
        values["rank", model] = spearmanr(summed, row["pair_rises"]).statistic
        values["telling", model] = np.mean([abs(each) > 1.959964 * 0.1 for each in more])
        if model[1] != "stsb":
            values["paired", model], values["summed", model] = np.mean(row["pair_rises"]), summed.mean()
            values["more", model] = more.mean()
            same = np.array([one // 4 == other // 4 for one, other in pairs])
            values |= {("more_across", model): more[~same].mean()} if (~same).any() else {}
    for name in ("rank", "telling", "paired", "summed", "more", "more_across"):
        assert table[name] == over_worlds({key[1]: value for key, value in values.items() if key[0] == name})


def test_of_a_users_file_its_labels_tell_whether_losses_are_in_nats(runs):
    cola = runs[runs["of.task"] == "cola"]
    for labels, told in (("classes", True), ("numbers", False)):
        own = component_removal.additivity(cola.assign(**{"of.task": "own", "of.start.labels": labels}))
        assert own["rank"] == component_removal.additivity(cola)["rank"]
        assert np.isfinite(own["paired"].mean) == told


def test_without_removals_nothing_is_told(runs):
    without = runs[runs["experiment"] == "ComponentScores"]
    assert component_removal.beside_truth(without).empty
    assert component_removal.told(component_removal.beside_truth(without)).empty
