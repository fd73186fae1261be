"""The miniature: a small BERT or RoBERTa pre-trained on a made-up language, which brings its own tasks and text."""

from functools import lru_cache
from typing import Any, ClassVar

import pandas as pd
from accelerate.utils import set_seed
from transformers import PreTrainedTokenizerBase

from lottery import miniature
from lottery.choices import choose
from lottery.data.examples import Examples
from lottery.experiments import miniature_text, pretraining_fit
from lottery.experiments.miniature_text import MiniatureText
from lottery.masks import Mask
from lottery.store import Count, Run, parameters
from lottery.tasks import Task


@parameters
class Miniature:
    """One world, its language, and a model pre-trained on its text; the sizes stand in lottery/miniature.

    A RoBERTa reads the same pairs of passages as a BERT, in pieces of its own, and is not asked whether they follow
    each other (Liu et al. 2019, arXiv:1907.11692).
    """

    version: ClassVar[int] = 3
    seed: Count  # of the world, its text, the model's weights and the order of the examples
    steps: Count  # of pre-training; with 0 the model is randomly initialised
    documents: Count = 0  # of the text, fewer being read more often in the same steps; 0: as MiniatureText has
    nouns: Count = 0  # of the language; 0: miniature.NOUNS
    family: miniature.Family = "bert"

    def perform(self, run: Run) -> dict[str, Any]:
        """The measures of `pretraining_fit.fit`."""
        set_seed(self.seed)
        tokenizer = miniature.TOKENIZERS[self.family](self._language)
        model = miniature.MODELS[self.family](len(tokenizer))
        return pretraining_fit.fit(
            run,
            model,
            tokenizer,
            self.text(run, tokenizer),
            steps=self.steps,
            learning_rate=miniature.LEARNING_RATE,
            batch_size=miniature.BATCH_SIZE,
            seed=self.seed,
            title="pre-training the miniature",
            share=miniature.SHARE,
        )

    def weights(self, run: Run) -> str:
        """The folder of the pre-trained model."""
        return str(run.need(self).path / "model")

    def mask(self, run: Run) -> Mask:
        """Nothing is removed."""
        return {}

    def task_named(self, name: str) -> Task:
        """The task of that name."""
        return choose("tasks", name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task in the language's words."""
        made = _tables(self.seed, self.nouns or miniature.NOUNS, task)
        return {split: table.copy() for split, table in made.items()}

    def text(self, run: Run, tokenizer: PreTrainedTokenizerBase) -> tuple[Examples, Examples]:
        """The pairs of the language's text to train on, and those held out."""
        of = MiniatureText(seed=self.seed, documents=self.documents, nouns=self.nouns, family=self.family)
        return miniature_text.text(run, of, tokenizer)

    @property
    def _language(self) -> miniature.Language:
        return miniature.Language(self.seed, nouns=self.nouns or miniature.NOUNS)


@lru_cache(maxsize=32)  # all tasks of a few worlds, half a second each: run after run asks for the same ones
def _tables(seed: int, nouns: int, task: str) -> dict[str, pd.DataFrame]:
    return miniature.tables(miniature.Language(seed, nouns=nouns), task)
