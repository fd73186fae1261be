"""What chapters show of full models beside baselines, of a table written by hand."""

import pandas as pd

from lottery.statistics import Estimate
from lottery.suite import beside_baselines

TABLE = pd.DataFrame(
    [
        ("cola", "cbow", 0.0, 0.5, 0.1, Estimate(0.4, 0.3, 0.5), "worlds"),
        ("cola", "bilstm", 0.0, 0.5, 0.45, Estimate(0.05, 0.01, 0.09), "worlds"),
        ("rte", "cbow", 0.5, 0.6, 0.58, Estimate(0.02, -0.1, 0.14), "worlds"),
        ("sst2", "cbow", 0.5, 0.8, 0.7, Estimate(0.1, 0.05, 0.15), "worlds"),
        ("sst2", "bilstm", 0.5, 0.8, 0.9, Estimate(-0.1, -0.15, -0.05), "worlds"),
    ],
    columns=["task", "kind", "majority", "model", "baseline", "ahead", "over"],
)


def test_a_task_is_led_by_all_or_lost_to_one_or_neither():
    assert beside_baselines.in_a_sentence(TABLE).data == (
        "By 95% intervals, the full model is ahead of every baseline on 1 of 3 tasks: CoLA. It is behind at least one "
        "on SST-2. Neither is shown on RTE."
    )


def test_every_baseline_has_a_line_in_points():
    lines = beside_baselines.by_task(TABLE)
    assert lines.index.tolist()[:2] == [("CoLA", "bag of words"), ("CoLA", "BiLSTM")]
    line = lines.loc[("SST-2", "BiLSTM")]
    assert line.tolist() == ["50.0", "80.0", "90.0", "-10.0 (-15.0 to -5.0)", "worlds"]
