"""Seeds made comparable, so that what an interval over them tells apart is chance and nothing else."""

import pandas as pd


def of_every_seed(rows: pd.DataFrame, *, task: str = "task", seed: str = "seed") -> pd.DataFrame:
    """The rows of the tasks that every seed among them has, so that means over tasks are of the same tasks.

    task, seed  their columns
    """
    tried = rows.groupby(task)[seed].transform("nunique")
    return rows[tried == rows[seed].nunique()]
