"""Steps in units of those of fine-tuning, against quotients by hand."""

import math

import pandas as pd

from lottery.findings.step_times import in_steps


def test_times_are_quotients_of_each_seed():
    times = [("smp_l", 1, 3.0, 2.0), ("smp_l", 2, 5.0, 4.0), ("l0", 1, 7.0, 2.0)]
    runs = pd.DataFrame(times, columns=["method", "seed", "step_seconds", "fine_tuning_seconds"])
    runs = pd.concat([runs.assign(experiment="StepTime"), pd.DataFrame([{"experiment": "FineTuning", "seed": 1}])])
    table = in_steps(runs)
    assert table.index.tolist() == ["smp_l", "l0"]
    assert table.loc["smp_l"].tolist() == [1.5, 1.25]
    assert table.loc["l0", 1] == 3.5
    assert math.isnan(table.loc["l0", 2])
    assert in_steps(runs[runs["experiment"] == "FineTuning"]).empty
