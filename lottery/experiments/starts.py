"""What a study starts from: a pre-trained model, and the data of a task."""

from functools import cache
from pathlib import Path
from typing import ClassVar

import pandas as pd

from lottery import glue_hub, models, own_file
from lottery.choices import choose, named
from lottery.experiments.miniature import Miniature
from lottery.masks import Mask
from lottery.own_file import Labels
from lottery.runs import Fraction, Run, Source, parameters
from lottery.tasks import Task

HUB, OWN = "hub", "own"


@parameters
class Given:
    """A model (a folder, "minilm" or a hub name) and the published files of one task."""

    version: ClassVar[int] = 1
    model: Source
    data: Source  # the folder of the task's files, or HUB

    def weights(self, run: Run) -> str:
        """The model as it is."""
        return self.model

    def mask(self, run: Run) -> Mask:
        """Nothing is removed."""
        return {}

    def task_named(self, name: str) -> Task:
        """The task of that name."""
        return choose("tasks", name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task's published files, read from `data`."""
        return published(task, self.data)


@parameters
class Own:
    """A model and a task made from the user's own file; the task is called OWN."""

    version: ClassVar[int] = 1
    model: Source
    train: Source  # a .csv, .tsv or .jsonl file
    dev: Source  # another, or "": a share of `train` is held out
    dev_share: Fraction
    text: str  # the column of the text
    second: str  # that of a second text, or ""
    label: str  # that of the label
    labels: Labels

    def weights(self, run: Run) -> str:
        """The model as it is."""
        return self.model

    def mask(self, run: Run) -> Mask:
        """Nothing is removed."""
        return {}

    def task_named(self, name: str) -> Task:
        """The task that the file makes, whatever its name."""
        return self._read()[0]

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The rows of the files."""
        return self._read()[1]

    def _read(self) -> tuple[Task, dict[str, pd.DataFrame]]:
        told = {"first": self.text, "second": self.second, "label": self.label}
        columns = {ours: theirs for ours, theirs in told.items() if theirs}
        dev = Path(self.dev) if self.dev else None
        return own_file.read(Path(self.train), dev, columns, self.labels, dev_share=self.dev_share)


@parameters
class Challenge:
    """Another task whose dev set the same model answers with the classes it has learnt, as HANS for one of MNLI."""

    version: ClassVar[int] = 1
    task: named("tasks")
    data: Source  # as for Given

    def tables(self) -> dict[str, pd.DataFrame]:
        """The task's published files, read from `data`."""
        return published(self.task, self.data)


def start(model: str, task: str, data_dir: str, *, seed: int, miniature_steps: int) -> Given | Miniature:
    """The start that a notebook's parameters name, on a published task.

    model     "miniature", made here with `seed` and `miniature_steps` of pre-training; or "minilm", a folder, a name
    data_dir  for any model but the miniature: a downloaded glue_data folder, or "hub"
    Raises ValueError where they do not fit together or the files are not as they are published.
    """
    files = data(model, task, data_dir)
    if model == "miniature":
        return Miniature(seed=seed, steps=miniature_steps)
    _check(model)
    return Given(model=model, data=files)


def data(model: str, task: str, data_dir: str) -> str:
    """Where the published files of a task are that a model is to learn; "" for the miniature, which brings its own.

    Raises ValueError where model and folder do not fit together or the files are not as they are published.
    """
    folder = choose("tasks", task).FOLDER
    if model == "miniature":
        if data_dir:
            raise ValueError(f"data_dir = {data_dir!r}: the miniature brings its own data; leave data_dir empty")
        return ""
    if data_dir == HUB:
        if task not in glue_hub.TASKS:
            raise ValueError(f"task = {task!r} is not one of GLUE's on the hub ({', '.join(glue_hub.TASKS)})")
        return HUB
    if not data_dir or not (Path(data_dir) / folder).is_dir():
        raise ValueError(
            f"data_dir = {data_dir!r} has no folder {folder!r}: for the model {model!r} and the task {task!r}, give a "
            f"folder laid out as GLUE's download, or {HUB!r} where the Hugging Face hub can be reached"
        )
    if "train" not in _splits(task, str(Path(data_dir) / folder)):
        raise ValueError(f"task = {task!r} has no training set: give the task to train on, and this one as `also`")
    return str(Path(data_dir) / folder)


def own(given: Own) -> Own:
    """The same, once its files have been read without complaint. Raises as `own_file.read` does."""
    if given.model == "miniature":
        raise ValueError(
            "model = 'miniature' knows the words of its own language alone: for a file of your own give 'minilm', a "
            "folder or a name of the Hugging Face hub"
        )
    if not given.train:
        raise ValueError(
            "train_file = '': for the task 'own', give a .csv, .tsv or .jsonl file with one row an example"
        )
    _check(given.model)
    given.tables(OWN)
    return given


def challenge(task: str, learnt: list[str], data_dir: str) -> Challenge | None:
    """The task named, of the same `data_dir`, for models that have learnt other tasks to be scored on; None for "".

    Raises ValueError where it does not judge models of each of these tasks.
    """
    if not task:
        return None
    module = choose("tasks", task)
    judged = getattr(module, "JUDGES", ())
    if strange := [name for name in learnt if name not in judged]:
        raise ValueError(
            f"also = {task!r} does not judge models of {strange[0]!r}, but of {', '.join(judged) or 'no other task'}"
        )
    given = Challenge(task=task, data=str(Path(data_dir) / module.FOLDER))
    _splits(given.task, given.data)
    return given


def published(task: str, data: str) -> dict[str, pd.DataFrame]:
    """A published task's splits, from the folder `data` or from HUB. Raises as the task's reader does."""
    module = choose("tasks", task)
    return glue_hub.read(task, module) if data == HUB else module.read(Path(data))


@cache
def _splits(task: str, data: str) -> list[str]:
    """The names of the splits; read here, so that what is wrong in a file is told before any run."""
    return list(published(task, data))


_check = cache(models.check)  # once for all seeds and tasks of a grid
