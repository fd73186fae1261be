"""Experiments: one file each, a parameters class and how it is performed; and what they can be given to start from."""

from typing import Annotated, Protocol, runtime_checkable

import pandas as pd
from transformers import PreTrainedTokenizerBase

from lottery.data.examples import Examples
from lottery.masks import Mask
from lottery.models import folders
from lottery.store import Content, Experiment, Run
from lottery.tasks import Task

HUB = "hub"

Model = Annotated[str, Content(reads=folders.READ, names=("minilm",))]  # "minilm", a folder, or a name of the hub
Data = Annotated[str, Content(names=(HUB,))]  # the folder of a published task's files, or HUB
Text = Annotated[str, Content(reads=("**/*.txt",))]  # a text file or a folder of them, as `text_corpus.read` takes it


@runtime_checkable
class Kept(Protocol):
    """A choice of weights. Like what follows it is a parameters class, and may be an experiment that has to run."""

    def mask(self, run: Run) -> Mask:
        """What stays of the model's prunable weights, on the CPU; {} where nothing is removed. For the use of `run`."""


@runtime_checkable
class Start(Kept, Protocol):
    """What a study starts from: a model, what of it is kept, and the data of its tasks."""

    def weights(self, run: Run) -> str:
        """The model, as `models.opening` takes it; what it needs is performed now if it was not, for `run`."""

    def task_named(self, name: str) -> Task:
        """The task of that name."""

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task's splits. Raises ValueError where it brings no data."""


@runtime_checkable
class Pretrained(Start, Experiment, Protocol):
    """A start that was trained on text, on which its pre-training can go on.

    That it is an experiment tells it from starts on files with a column called `text`.
    """

    def text(self, run: Run, tokenizer: PreTrainedTokenizerBase) -> tuple[Examples, Examples]:
        """Pairs of passages to train on, and pairs of other documents for the loss."""
