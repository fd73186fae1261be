"""The nine tasks of GLUE from the Hugging Face hub, in the columns that the downloaded files are read into."""

import pandas as pd

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
        import datasets  # an extra
    except ImportError as error:
        raise ValueError(
            "the package datasets is not installed: give `pip install '.[hub]'` in the checkout"
        ) from error
    try:
        found = datasets.load_dataset(NAME, name)
    except Exception as error:  # each of its back ends raises errors of its own
        raise ValueError(
            f"{name} could not be had from {NAME} on the Hugging Face hub ({str(error).splitlines()[0]}): check the "
            "network, or give --data-dir, a folder laid out as GLUE's download"
        ) from error
    return {ours: _table(found[theirs], name, task) for theirs, ours in SPLITS.items() if theirs in found}


def _table(split, name: str, task: Task) -> pd.DataFrame:
    texts = [column for column, kind in split.features.items() if getattr(kind, "dtype", None) == "string"]
    columns = dict(zip(texts, ("first", "second"), strict=False))
    labels = tuple(getattr(split.features.get("label"), "names", ()))
    if len(texts) != 1 + task.PAIR or labels != task.LABELS:
        raise ValueError(f"{NAME}, {name}: its columns are {split.features}, which are not those of {task.TITLE}")
    return split.to_pandas()[[*texts, "label"]].rename(columns=columns)
