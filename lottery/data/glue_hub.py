"""The nine tasks of GLUE from the Hugging Face hub, in the columns that the downloaded files are read into."""

from pathlib import Path

import pandas as pd

from lottery import hub
from lottery.data import Task

NAME = "nyu-mll/glue"
TASKS = ("cola", "mnli", "mrpc", "qnli", "qqp", "rte", "sst2", "stsb", "wnli")
SPLITS = {"train": "train", "validation": "dev"}
SPLITS_OF_MNLI = {"train": "train", "validation_matched": "dev", "validation_mismatched": "dev_mismatched"}


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

    splits = SPLITS_OF_MNLI if name == "mnli" else SPLITS

    def files(folder: Path) -> dict[str, list[str]]:
        return {theirs: sorted(map(str, (folder / name).glob(f"{theirs}-*.parquet"))) for theirs in splits}

    def complete(folder: Path) -> bool:
        """A part is called train-00000-of-00002.parquet."""
        return all(parts and len(parts) == int(parts[0][-13:-8]) for parts in files(folder).values())

    try:
        folder = hub.downloaded(NAME, [f"{name}/*.parquet"], complete, kind="dataset")
    except ValueError as error:
        raise ValueError(f"{error}, or give data_dir, a folder laid out as GLUE's download") from error
    if not complete(folder):
        raise ValueError(f"{NAME} on the Hugging Face hub holds no {name}: give data_dir, a folder with its files")
    return {splits[theirs]: _table(Dataset.from_parquet(parts), name, task) for theirs, parts in files(folder).items()}


def _table(split, name: str, task: Task) -> pd.DataFrame:
    texts = [column for column, kind in split.features.items() if getattr(kind, "dtype", None) == "string"]
    columns = dict(zip(texts, ("first", "second"), strict=False))
    labels = tuple(getattr(split.features.get("label"), "names", ()))
    if len(texts) != 1 + task.PAIR or labels != task.LABELS:
        raise ValueError(f"{NAME}, {name}: its columns are {split.features}, which are not those of {task.TITLE}")
    return split.to_pandas()[[*texts, "label"]].rename(columns=columns)
