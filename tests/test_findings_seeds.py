"""Which tasks every seed has, against sets."""

import numpy as np
import pandas as pd
import pytest

from lottery.findings.seeds import of_every_seed


def test_rows_of_the_tasks_of_every_seed_stay_in_their_order():
    drawn = np.random.default_rng(0)
    rows = pd.DataFrame({"of": drawn.choice(list("abcdef"), 40), "world": drawn.integers(5, size=40)})
    rows = rows.assign(value=range(40))
    tried = {task: {row.world for row in rows.itertuples() if row.of == task} for task in "abcdef"}
    expected = [row.value for row in rows.itertuples() if tried[row.of] == {0, 1, 2, 3, 4}]
    assert 0 < len(expected) < 40
    assert of_every_seed(rows, task="of", seed="world")["value"].tolist() == expected


@pytest.mark.parametrize("seeds", [[1], [1, 2], []])
def test_a_task_that_all_seeds_have_stays(seeds):
    rows = pd.DataFrame({"task": ["cola"] * len(seeds), "seed": seeds})
    assert of_every_seed(rows).equals(rows)
