"""A smaller model in the form in which it is saved: what it answers when it is opened from there, and its bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from pydantic import InstanceOf
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery.findings import own_answers
from lottery.models import exporting, folders
from lottery.models.timing import Reader
from lottery.store import Run, parameters

Form = Literal["torch", "onnx", "int8"]
ANSWERS, EXPORT = "answers.parquet", "export"


@runtime_checkable
class Smaller(Protocol):
    """A smaller model, and how it is judged: `CutClassifier` and `CutEncoder`."""

    @property
    def whole(self) -> "Smaller":
        """The model of which it was made."""

    @property
    def counted(self) -> bool:
        """Whether the score is the share of right answers."""

    def with_seed(self, seed: int) -> "Smaller":
        """The same of another fine-tuning; itself where nothing is trained."""

    def weights(self, run: Run) -> str:
        """Its folder."""

    def opened(self, run: Run) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        """The model, dropout off, and its tokenizer."""

    def answering(self, run: Run) -> Callable[[Reader], np.ndarray]:
        """A reader -> what it answers to every row of dev, (n,)."""

    def truth(self, run: Run) -> np.ndarray:
        """The right answers, (n,)."""

    def metric(self) -> own_answers.Metric:
        """The score of answers, asked thousands of times."""


@parameters
class SavedForm:
    """One form of one model."""

    version: ClassVar[int] = 2
    of: InstanceOf[Smaller]
    form: Form

    def perform(self, run: Run) -> dict[str, Any]:
        """What it scores on dev, and what its weights take on disk.

        score     with `score_low` and `score_high`, its 95% interval over the rows
        majority  score of the majority-class baseline, the most frequent one; NaN where that has none
        numbers   parameters
        bytes     of the saved weights; of an export all that it takes
        """
        if self.form != "torch":
            model, tokenizer = self.of.opened(run)
            run.folder(EXPORT, lambda folder: exporting.write(model, tokenizer, folder, [self.form]))
        reader = self._opened(run, run.path)
        right = self.of.truth(run)
        answers = {"split": "dev", "answer": self.of.answering(run)(reader), "label": right}
        table = run.once(ANSWERS, lambda: pd.DataFrame(answers).astype(str))
        metric = self.of.metric()
        score = own_answers.score(table, metric, counted=self.of.counted)
        return {
            "score": score.mean,
            "score_low": score.low,
            "score_high": score.high,
            "majority": metric(np.full(len(right), pd.Series(right).mode()[0]), right),
            "numbers": run.need(self.of).metrics["numbers"],
            "bytes": self._bytes(run, run.path),
        }

    def opened(self, run: Run) -> Reader:
        """The model of this form, opened from its files; it computes with as many threads as torch."""
        return self._opened(run, run.need(self).path)

    def _opened(self, run: Run, folder: Path) -> Reader:
        if self.form == "torch":
            return self.of.opened(run)[0]
        return exporting.opened(folder / EXPORT / self.form)

    def _bytes(self, run: Run, folder: Path) -> int:
        if self.form == "torch":
            return folders.weights_bytes(Path(self.of.weights(run)))
        return sum(path.stat().st_size for path in (folder / EXPORT / self.form).glob("model.*"))
