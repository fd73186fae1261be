"""Lines through made-up points, against numpy's polynomials and scipy, one line at a time."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from lottery.findings import lines


@pytest.fixture
def points():
    """Three seeds of one task and one seed of another; the higher the sparsity the higher the loss, but for noise."""
    generator = np.random.default_rng(0)
    rows = []
    for task, seeds, slope in (("cola", (1, 2, 3), -5.0), ("sst2", (1,), -1.0)):
        for seed in seeds:
            for sparsity in (0.9, 0.0, 0.6, 0.3):
                loss = 2 + sparsity**3 + generator.normal(0, 0.01)
                accuracy = 0.9 + slope / 100 * loss + generator.normal(0, 0.002)
                rows.append({"condition": "random", "task": task, "seed": seed, "sparsity": sparsity})
                rows[-1] |= {"loss": loss, "accuracy": accuracy}
    return pd.DataFrame(rows)


def test_each_line_is_numpys_and_knows_its_last_point(points):
    found = lines.fitted(points, "loss").set_index(["task", "seed"])
    assert len(found) == 4
    for (task, seed), line in found.iterrows():
        some = points[(points["task"] == task) & (points["seed"] == seed)]
        x, y = some["loss"].to_numpy(), 100 * some["accuracy"].to_numpy()
        assert (line["slope"], line["intercept"]) == pytest.approx(tuple(np.polyfit(x, y, 1)))
        assert line["last"] == 0.9
        without = [np.polyfit(np.delete(x, place), np.delete(y, place), 1)[0] for place in range(4)]
        assert line["without_last"] == pytest.approx(without[0])  # 90% comes first in these rows
        assert (line["lowest"], line["highest"]) == pytest.approx((min(without), max(without)))
        assert line["leverage"] == pytest.approx(1 / 4 + (x[0] - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())


def test_slopes_have_the_interval_of_their_seeds_or_of_the_one_fit(points):
    fits = lines.fitted(points, "loss")
    table = lines.slopes(fits)
    cola, sst2 = table.loc[("random", "cola")], table.loc[("random", "sst2")]
    slopes = fits.loc[fits["task"] == "cola", "slope"]
    low, high = scipy.stats.ttest_1samp(slopes, 0).confidence_interval(0.95)
    assert cola["slope"] == pytest.approx((np.mean(slopes), low, high))
    assert cola["r2"] == pytest.approx(sum(fits["r2"][:3]) / 3)
    assert cola["highest"] == max(fits["highest"][:3])
    some = points[points["task"] == "sst2"]
    fit = scipy.stats.linregress(some["loss"], 100 * some["accuracy"])
    reach = scipy.stats.t.ppf(0.975, 2) * fit.stderr
    assert sst2["slope"] == pytest.approx((fit.slope, fit.slope - reach, fit.slope + reach))
    median = scipy.stats.theilslopes(100 * some["accuracy"], some["loss"])
    assert sst2["median_slope"] == pytest.approx((median.slope, median.low_slope, median.high_slope))


def test_a_seed_without_a_line_leaves_no_mean(points):
    flat = points.assign(accuracy=points["accuracy"].mask((points["task"] == "cola") & (points["seed"] == 2), 0.7))
    table = lines.slopes(lines.fitted(flat, "loss"))
    assert np.isnan(table.loc[("random", "cola"), "r2"])
    assert np.isnan(table.loc[("random", "cola"), "slope"].mean)
    assert not np.isnan(table.loc[("random", "sst2"), "r2"])


def test_points_stand_beside_the_loss_of_the_model_that_was_pruned_for_them():
    start = {"start": "GradualPruning", "start.importance": "magnitude", "start.seed": 7}
    rows = [
        {"experiment": "FineTuning", **start, "start.sparsity": sparsity, "task": "cola", "seed": seed}
        | {"score": 0.5, "accuracy": sparsity + seed, "train_loss": 0.1, "constant": False}
        for sparsity in (0.0, 0.5)
        for seed in (1, 2)
    ]
    rows += [
        {"experiment": "GradualPruning", "importance": importance, "sparsity": sparsity, "seed": 7}
        | {"loss": 10 * sparsity + (importance == "random"), "mlm_loss": 1.0}
        for importance in ("magnitude", "random")
        for sparsity in (0.0, 0.5)
    ]
    found = lines.points(pd.DataFrame(rows))
    assert found[["sparsity", "seed", "accuracy", "loss"]].to_numpy().tolist() == [
        [0.0, 1, 1.0, 0.0],
        [0.0, 2, 2.0, 0.0],
        [0.5, 1, 1.5, 5.0],
        [0.5, 2, 2.5, 5.0],
    ]
