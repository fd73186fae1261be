"""A given BERT, trained on plain text under the heads of pre-training: its own, or new ones where it has lost them."""

from contextlib import nullcontext
from typing import Any, ClassVar

import pandas as pd
from accelerate.utils import set_seed
from pydantic import InstanceOf
from transformers import PreTrainedTokenizerBase

from lottery.choices import choose
from lottery.data.examples import Examples
from lottery.experiments import Model, Start, Text, encoded_text, pretraining_fit
from lottery.experiments.corpus_text import CorpusText
from lottery.masks import Mask
from lottery.models import families, opening, state
from lottery.store import Count, Positive, Run, Size, parameters
from lottery.tasks import NO_FILES, Task


@parameters
class ContinuedPretraining:
    """A model that learns to fill in hidden words of a text and, being a BERT, to tell which passages follow another.

    Models that were made for something else than filling in words, as MiniLM, are published without the heads.
    """

    version: ClassVar[int] = 1
    model: Model
    corpus: Text
    steps: Count  # optimiser updates; 0 for a model that has its heads: it is as it was given
    learning_rate: Positive
    batch_size: Size  # pairs of passages
    max_length: Size  # tokens of a pair, at most
    seed: Count  # of new heads, the order of the text, the hidden words and dropout
    frozen: bool = False  # whether the heads alone are trained: the encoder and its pooler stay as they are
    data: InstanceOf[Start] | None = None  # brings the user's own task; nothing of it is read here

    def perform(self, run: Run) -> dict[str, Any]:
        """The measures of `pretraining_fit.fit`.

        Raises ValueError where there are no steps for a model without heads.
        """
        if not self.steps:
            opening.require_heads(self.model)
        set_seed(self.seed)
        tokenizer = opening.tokenizer(self.model)
        model = opening.for_pretraining(self.model)
        families.check_length(model.config, self.max_length)
        with state.frozen(model.base_model) if self.frozen else nullcontext():
            return pretraining_fit.fit(
                run,
                model,
                tokenizer,
                self.text(run, tokenizer),
                steps=self.steps,
                learning_rate=self.learning_rate,
                batch_size=self.batch_size,
                seed=self.seed,
                title="training the heads of pre-training" if self.frozen else "going on with pre-training",
            )

    def weights(self, run: Run) -> str:
        """The folder of the model with its heads."""
        return str(run.need(self).path / "model")

    def mask(self, run: Run) -> Mask:
        """Nothing is removed."""
        return {}

    def task_named(self, name: str) -> Task:
        """The task of that name: a published one, or the user's."""
        return self.data.task_named(name) if self.data and name in NO_FILES else choose("tasks", name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The rows of the user's own task. Raises ValueError for another one: a text is no data of a task."""
        if self.data and task in NO_FILES:
            return self.data.tables(task)
        raise ValueError(
            f"a model pre-trained on a text brings no data of the task {task!r}: give its fine-tuning the task's "
            "published files as `data`"
        )

    def text(self, run: Run, tokenizer: PreTrainedTokenizerBase) -> tuple[Examples, Examples]:
        """The pairs of the text to train on, and those of the documents held out."""
        encoded = CorpusText(corpus=self.corpus, model=self.model, max_length=self.max_length)
        return encoded_text.read(run.need(encoded), tokenizer)
