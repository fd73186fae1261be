"""Made-up movements, against loops, scipy and moments of all weights laid out."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from lottery.findings import movement

MATRICES = [f"encoder.layer.{layer}.attention.self.{kind}.weight" for layer in (0, 1) for kind in ("query", "key")]


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


@pytest.fixture
def runs():
    """Three rates at two epochs and four lengths at one rate, of two tasks and three seeds."""
    generator = np.random.default_rng(0)
    rows = []
    for task in ("cola", "sst2"):
        for seed in (1, 2, 3):
            for rate, epochs in ((1e-4, 2.0), (4e-4, 2.0), (8e-4, 2.0), (4e-4, 0.25), (4e-4, 0.75), (4e-4, 6.0)):
                row = {"experiment": "Movement", "after.recipe": "printed", "after.task": task, "after.seed": seed}
                row |= {"after.learning_rate": rate, "after.epochs": epochs, "seed": 9}
                row |= {name: generator.uniform(0.01, 0.1) for name in ("mean", "low_tenth", "high_tenth")}
                row |= {f"noise_{name}": generator.uniform(0.01, 0.1) for name in ("low_tenth", "high_tenth")}
                row |= {name: generator.random(100) for name in ("by_start", "by_end")}
                row |= {"matrices": [*MATRICES, "pooler.dense.weight"], "sizes": [10, 20, 30, 40, 50]}
                for noise in ("", "noise_"):
                    row |= {f"{noise}{name}_by_matrix": generator.random(5) for name in ("mean", "sd")}
                rows.append(row)
            for epochs in (2.0, 6.0):
                rows.append(rows[-1] | {"after.recipe": "released", "after.epochs": epochs, "mean": 0.5})
    return pd.DataFrame([*rows, {"experiment": "GradualPruning"}])


def chosen(runs: pd.DataFrame, **what) -> list[dict]:
    what = {"recipe": "printed"} | what
    return [
        row for row in runs.to_dict("records") if all(row[f"after.{name}"] == value for name, value in what.items())
    ]


def test_rates_and_epochs_are_compared_where_most_were_tried(runs):
    rates, epochs = movement.rates_compared(runs), movement.epochs_compared(runs)
    assert (set(rates["epochs"]), sorted(set(rates["learning_rate"]))) == ({2.0}, [1e-4, 4e-4, 8e-4])
    assert (set(epochs["learning_rate"]), sorted(set(epochs["epochs"]))) == ({4e-4}, [0.25, 0.75, 2.0, 6.0])
    assert set(rates["seed"]) == {1, 2, 3}
    assert set(rates["after.recipe"]) == set(epochs["after.recipe"]) == {"printed"}
    released = movement.epochs_compared(runs, "released")
    assert (set(released["mean"]), sorted(set(released["epochs"])), len(released)) == ({0.5}, [2.0, 6.0], 2 * 3 * 2)
    assert movement.epochs_compared(runs[runs["after.recipe"] == "printed"], "released").empty


def test_a_doubling_of_the_rate_is_one_of_three(runs):
    growth = movement.by_doubling(movement.rates_compared(runs))
    for task, factor in growth.items():
        low, high = (
            np.mean([row["mean"] for row in chosen(runs, task=task, learning_rate=rate, epochs=2.0)])
            for rate in (1e-4, 8e-4)
        )
        assert low * factor**3 == pytest.approx(high)
    one = movement.rates_compared(runs).query("learning_rate == 1e-4")
    assert movement.by_doubling(one).isna().all()


def test_growth_is_from_about_one_epoch_to_the_last(runs):
    once, last, growth = movement.growth(movement.epochs_compared(runs))
    assert (once, last) == (0.75, 6.0)
    for task, estimate in growth.items():
        late, early = (
            [row["mean"] for row in chosen(runs, task=task, learning_rate=4e-4, epochs=length)]
            for length in (6.0, 0.75)
        )
        assert estimate == pytest.approx(t_interval(np.divide(late, early) - 1))


def test_places_are_held_against_noise_seed_by_seed(runs):
    rows = movement.rates_compared(runs)
    found = movement.places(rows)
    ratios, noises = {}, {}
    for row in chosen(runs, epochs=2.0):
        ratios.setdefault(row["after.seed"], []).append(row["low_tenth"] / row["high_tenth"])
        noises.setdefault(row["after.seed"], []).append(row["noise_low_tenth"] / row["noise_high_tenth"])
    ratio, noise = (np.array([np.mean(each) for each in values.values()]) for values in (ratios, noises))
    assert found.apart == pytest.approx(t_interval(ratio - noise))
    assert (found.ratio, found.noise) == pytest.approx((ratio.mean(), noise.mean()))
    assert found.low_tenth == pytest.approx(np.mean([row["low_tenth"] for row in chosen(runs, epochs=2.0)]))
    start, end = (sum(row[name] for row in chosen(runs, epochs=2.0)) / 18 for name in ("by_start", "by_end"))
    assert found.bins == pytest.approx(max(abs(start - end)))


def test_movement_is_pooled_over_weights_by_kind_and_by_layer(runs):
    table = movement.ours_by_place(runs, "noise_").set_index(["by", "name", "task"])["mean"]
    rows = chosen(runs, task="sst2", learning_rate=8e-4, epochs=2.0)

    def pooled(*places: int) -> float:
        sizes = [(10, 20, 30, 40, 50)[place] for place in places]
        means = [[row["noise_mean_by_matrix"][place] for place in places] for row in rows]
        return np.mean([np.average(each, weights=sizes) for each in means])

    assert table["kind", "key", "sst2"] == pytest.approx(pooled(1, 3))
    assert table["layer", 1, "sst2"] == pytest.approx(pooled(2, 3))
    assert table["kind", "pooler", "sst2"] == pytest.approx(pooled(4))
    assert len(table) == 2 * (3 + 2)


def test_what_the_authors_stored_is_pooled_alike():
    stored = pd.DataFrame(
        {"task": "rte", "matrix": MATRICES, "weights": [1, 2, 3, 4], "movement_mean": [0.1, 0.2, 0.3, 0.4]}
    ).assign(movement_sd=0.1)
    table = movement.theirs_by_place(stored).set_index(["by", "name"])
    assert table.loc[("layer", 0), "mean"] == pytest.approx((0.1 + 2 * 0.2) / 3)
    assert table.loc[("kind", "query"), "mean"] == pytest.approx((0.1 + 3 * 0.3) / 4)
    assert set(table["task"]) == {"rte"}
