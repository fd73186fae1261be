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

from lottery import store


@store.parameters
class Nothing:
    """Done at once; its fields and metrics are about as many as a fine-tuning's."""

    version: ClassVar[int] = 1
    task: str
    model: store.Source
    sparsity: store.Fraction
    learning_rate: store.Positive
    epochs: store.Positive
    batch_size: store.Size
    seed: store.Count

    def perform(self, run):
        run.once("answers.json", lambda: [self.seed % 2] * 20)
        return {"score": self.seed / 7, "accuracy": 0.5, "mean_loss": 1 / (1 + self.seed), "constant": False}


def measure(*, count=10_000, rounds=3):
    grid = [
        Nothing(task="none", model="nothing", sparsity=0.6, learning_rate=2e-5, epochs=3.0, batch_size=32, seed=seed)
        for seed in range(count)
    ]
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        with patch("os.fsync"):
            for experiment in grid:
                store.perform(experiment, results)
        ways = {
            "store.table": lambda: store.table(results, Nothing),
            "store.rows": lambda: store.rows(grid, results),
            "store.status": lambda: store.status(grid, results),
            "store.leftovers": lambda: store.leftovers(results),
        }
        seconds, answers = side_by_side(ways, rounds=rounds)
    finished = (answers["store.status"]["state"] == "finished").sum()
    found = [len(answers["store.table"]), len(answers["store.rows"]), finished]
    if found != [count] * 3 or answers["store.leftovers"]:
        raise RuntimeError(f"of {count} finished runs, table, rows and status found {found}")
    return [Figure(f"{way} over {count:,} finished runs", taken, "s", at_most=2) for way, taken in seconds.items()]


if __name__ == "__main__":
    main(__doc__, measure)
