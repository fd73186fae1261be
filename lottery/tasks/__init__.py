"""Tasks: one file each, holding what the task is, how its published files are read, and how it is scored.

A file has the names of `Task`, FOLDER (its place in a downloaded glue_data folder) and `read(folder)`, which returns
the splits as tables: {"train": ..., "dev": ...}. A column `group` in one of them has its rows scored by group, too.

A row of WORDS holds a word for each label, in the order of LABELS; one for a regression; two for a span, of its start
and of its end. The first row is that of the released code of Jiang et al. 2023 (arXiv:2210.06210); a second one is for
models that split a word of the first, as the miniatures do. A task may also have RELEASED_WORDS, the rows as that code
in fact gave them to the labels.
"""

import numpy as np

from lottery.choices import choose
from lottery.data import Task

__all__ = ["NO_FILES", "Task", "score", "title"]

# What is given as a task and is no file of this folder.
NO_FILES = {
    "own": "a file of your own, with one or two texts and a label in each row: `lottery run "
    "experiments/how_much_can_go -p task own -p train_file FILE` takes it, as do other chapters that have a train_file"
}


def score(task: Task, answers: np.ndarray, right: np.ndarray) -> float:
    """What answers, (n,), score on a task by the metric that is reported."""
    return task.metrics(answers, right)[task.METRIC]


def title(name: str) -> str:
    """The name by which a reader knows a task, be it a file of this folder or the user's.

    >>> title("sst2"), title("own")
    ('SST-2', 'your file')
    """
    return "your file" if name in NO_FILES else choose("tasks", name).TITLE
