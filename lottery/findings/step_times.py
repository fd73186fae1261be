"""What a step of each method takes, in units of a step of fine-tuning that was timed in turns with it."""

import pandas as pd


def in_steps(runs: pd.DataFrame) -> pd.DataFrame:
    """Times of the runs of StepTime: a row a method, in the order of the runs, a column a seed."""
    rows = runs[runs["experiment"] == "StepTime"]
    rows = rows.assign(ratio=(rows["step_seconds"] / rows["fine_tuning_seconds"]).astype(float))
    return rows.pivot_table("ratio", index="method", columns="seed", sort=False)
