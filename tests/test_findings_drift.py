"""Comparisons of features, of made-up runs, named by hand."""

import numpy as np
import pandas as pd

from lottery.findings import drift


def test_a_comparison_is_named_by_the_model_beside_the_full_one():
    models = [
        ("GradualPruning", "magnitude", 0.6, np.nan, "magnitude", 0.6),
        ("GradualPruning", "random", 0.6, np.nan, "random", 0.6),
        ("Miniature", None, np.nan, 3000, drift.BEFORE, np.nan),
        ("Miniature", None, np.nan, 0, drift.NEVER, np.nan),
        ("Redrawn", None, np.nan, np.nan, drift.NEVER, np.nan),
    ]
    columns = ["pruned", "pruned.importance", "pruned.sparsity", "pruned.steps", "wanted", "removed"]
    runs = pd.DataFrame(models, columns=columns).assign(experiment="FeatureDrift")
    rows = drift.compared(pd.concat([runs, pd.DataFrame([{"experiment": "FineTuning"}])], ignore_index=True))
    assert rows["other"].tolist() == rows["wanted"].tolist()
    np.testing.assert_array_equal(rows["sparsity"], rows["removed"])


def test_layers_are_laid_out_one_below_the_other():
    rows = pd.DataFrame({"sparsity": [0.3, 0.6], "cka_by_layer": [[0.9, 0.8], [0.7, 0.5]]}, index=[4, 9])
    assert drift.by_layer(rows, "cka").to_numpy().tolist() == [
        [0.3, 1, 0.9],
        [0.6, 1, 0.7],
        [0.3, 2, 0.8],
        [0.6, 2, 0.5],
    ]
