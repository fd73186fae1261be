"""How long a table over 10,000 finished runs takes, and what else is asked of a store before a grid is run.

    python tests/benchmarks/table.py --json table.json

The runs do nothing but leave a file and a few metrics. They are performed as any run is, but for the flushing to disk
that makes each safe; the store is gone afterwards. It takes half a minute.
"""

import tempfile
from pathlib import Path
from typing import ClassVar
from unittest.mock import patch

from _report import Figure, main, side_by_side

from lottery import store as runs


@runs.parameters
class Nothing:
    """Done at once; its fields and metrics are about as many as a fine-tuning's."""

    version: ClassVar[int] = 1
    task: str
    model: runs.Source
    sparsity: runs.Fraction
    learning_rate: runs.Positive
    epochs: runs.Positive
    batch_size: runs.Size
    seed: runs.Count

    def perform(self, run):
        run.once("answers.json", lambda: [self.seed % 2] * 20)
        return {"score": self.seed / 7, "accuracy": 0.5, "mean_loss": 1 / (1 + self.seed), "constant": False}


def measure(*, count=10_000, rounds=3):
    grid = [
        Nothing(task="none", model="nothing", sparsity=0.6, learning_rate=2e-5, epochs=3.0, batch_size=32, seed=seed)
        for seed in range(count)
    ]
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        with patch("os.fsync"):
            for experiment in grid:
                runs.perform(experiment, store)
        ways = {
            "runs.table": lambda: runs.table(store, Nothing),
            "runs.rows": lambda: runs.rows(grid, store),
            "runs.status": lambda: runs.status(grid, store),
            "runs.leftovers": lambda: runs.leftovers(store),
        }
        seconds, answers = side_by_side(ways, rounds=rounds)
    finished = (answers["runs.status"]["state"] == "finished").sum()
    found = [len(answers["runs.table"]), len(answers["runs.rows"]), finished]
    if found != [count] * 3 or answers["runs.leftovers"]:
        raise RuntimeError(f"of {count} finished runs, table, rows and status found {found}")
    return [Figure(f"{way} over {count:,} finished runs", taken, "s", at_most=2) for way, taken in seconds.items()]


if __name__ == "__main__":
    main(__doc__, measure)
