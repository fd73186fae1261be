"""The nine tasks of GLUE from the Hugging Face hub, in the columns that the downloaded files are read into."""

from pathlib import Path

import pandas as pd

from lottery import hub
from lottery.tasks import Task

NAME = "nyu-mll/glue"
SPLITS = {
    "train": "train",
    "validation": "dev",
    "validation_matched": "dev",
    "validation_mismatched": "dev_mismatched",
}


def read(name: str, task: Task) -> dict[str, pd.DataFrame]:
    """Train, dev and, for MNLI, dev_mismatched: columns first, second (for pairs), label.

    name  of the task, in lottery/tasks and on the hub alike
    Raises ValueError where the hub cannot be reached or holds other columns or labels than expected.
    """
    try:
        from datasets import Dataset, disable_progress_bars  # an extra
    except ImportError as error:
        raise ValueError("datasets is not installed: give `pip install '.[hub]'` in the checkout") from error
    disable_progress_bars()

    def files(folder: Path) -> dict[str, Path]:
        found = {theirs: sorted((folder / name).glob(f"{theirs}-*.parquet")) for theirs in SPLITS}
        return {theirs: parts for theirs, parts in found.items() if parts}

    try:
        folder = hub.downloaded(NAME, [f"{name}/*.parquet"], lambda folder: len(files(folder)) > 1, kind="dataset")
    except ValueError as error:
        raise ValueError(f"{error}, or give --data-dir, a folder laid out as GLUE's download") from error
    if not files(folder):
        raise ValueError(f"{NAME} on the Hugging Face hub holds no {name}: give --data-dir, a folder with its files")
    return {
        SPLITS[theirs]: _table(Dataset.from_parquet([str(part) for part in parts]), name, task)
        for theirs, parts in files(folder).items()
    }


def _table(split, name: str, task: Task) -> pd.DataFrame:
    texts = [column for column, kind in split.features.items() if getattr(kind, "dtype", None) == "string"]
    columns = dict(zip(texts, ("first", "second"), strict=False))
    labels = tuple(getattr(split.features.get("label"), "names", ()))
    if len(texts) != 1 + task.PAIR or labels != task.LABELS:
        raise ValueError(f"{NAME}, {name}: its columns are {split.features}, which are not those of {task.TITLE}")
    return split.to_pandas()[[*texts, "label"]].rename(columns=columns)
