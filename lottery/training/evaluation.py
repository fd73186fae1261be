"""A model on a task: its head, the task's examples as it reads them, its answers and their scores.

The KIND of a task decides between classes, a number, a span, a tag for each word, and the vectors of an encoder without
any head.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from lottery import training
from lottery.data import examples, spans, tagged
from lottery.data.examples import Examples
from lottery.models import opening
from lottery.tasks import Task, score
from lottery.training import sentence_vectors


def with_head(source: str, task: Task, *, ours: bool = False) -> PreTrainedModel:
    """The encoder `source` under a head for the task: the saved one if it is of this task's classes, else a new one.

    ours  whether a run on the same task saved it, as for `opening.for_classes`
    A new head is drawn from torch's generator.
    """
    if task.KIND == "span":
        return opening.for_spans(source)
    if task.KIND == "vectors":
        return opening.bare_encoder(source)
    return opening.for_classes(source, task.LABELS, ours=ours, of_words=task.KIND == "tags")


def head_places(config: PreTrainedConfig, task: Task) -> list[int] | None:
    """The numbers that the task's classes have in the head a model was saved with, as of `opening.head_places`."""
    return opening.head_places(config, task.LABELS, of_words=task.KIND == "tags")


def keeps_head(source: str, task: Task) -> bool:
    """Whether the model `source` was saved under a head for the task, by which it answers without being trained."""
    return head_places(opening.configuration(source), task) is not None


def head_in_words(source: str, task: Task) -> str:
    """What becomes of a model's head on the task, as a sentence for whoever gave the model."""
    return opening.head_in_words(source, task.LABELS, of_words=task.KIND == "tags")


def outputs(task: Task) -> int:
    """How many numbers answer an example of a task that asks for a class or a number: one a class, or one."""
    return 1 if task.KIND == "regression" else len(task.LABELS)


def truth(task: Task, table: pd.DataFrame) -> np.ndarray:
    """The right answer to each row: class numbers, numbers, tuples of accepted texts, tags, or cosines, (n,)."""
    return table["answers" if task.KIND == "span" else "label"].to_numpy()


def decided(task: Task, logits: np.ndarray) -> np.ndarray:
    """What outputs answer, (n, labels) of a classifier or (n, 1) of a regression: class numbers or numbers, (n,)."""
    return logits[:, 0] if task.KIND == "regression" else logits.argmax(-1)


def alike(task: Task, vectors: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """What vectors of the texts of a table, as of `Exam.encoded`, answer to each row: a cosine, (n,).

    That of the vectors of its two texts; or, of a row of one text, that with the full model's vector, column `vector`.
    """
    if task.PAIR:
        return sentence_vectors.cosines(*np.split(vectors, 2)).astype(float)
    return sentence_vectors.cosines(vectors, np.stack(table["vector"])).astype(float)


@dataclass(frozen=True)
class Exam:
    """A task and its data as one tokenizer reads them: what a model is trained for and scored on.

    tables      {split: rows}; "dev", other held-out splits, and "train"
    max_length  tokens of an example, at most: it is cut there, and a paragraph read in windows of that length
    """

    task: Task
    tables: dict[str, pd.DataFrame]
    tokenizer: PreTrainedTokenizerBase
    max_length: int

    def encoded(self, table: pd.DataFrame) -> Examples:
        """Rows of the task as the model's examples; of a task of vectors the texts one by one."""
        if self.task.KIND == "vectors":
            return sentence_vectors.one_by_one(table, self.tokenizer, self.max_length)
        if self.task.KIND == "span":
            return spans.encode(table, self.tokenizer, self.max_length)
        if self.task.KIND == "tags":
            return tagged.encode(table, self.tokenizer, self.max_length, self.task.LABELS)[0]
        return examples.encode(table, self.tokenizer, self.max_length, regression=self.task.KIND == "regression")

    def answering(self, table: pd.DataFrame) -> Callable[[PreTrainedModel], np.ndarray]:
        """What a model answers to each row: model -> class numbers, numbers, texts, tags or cosines, (n,).

        The rows are encoded once.
        """
        if self.task.KIND == "span":
            read = spans.windows(table, self.tokenizer, self.max_length)

            def texts(model: PreTrainedModel) -> np.ndarray:
                starts, ends = training.predict_spans(model, read.examples)
                return np.array(spans.answers(table["second"].tolist(), read, starts, ends), dtype=object)

            return texts
        if self.task.KIND == "tags":
            sentences, places = tagged.encode(table, self.tokenizer, self.max_length, self.task.LABELS)
            return lambda model: tagged.told(training.predict_tokens(model, sentences), places, self.task.LABELS)
        given = self.encoded(table)
        if self.task.KIND == "vectors":
            pooling = self.task.POOLING
            return lambda model: alike(self.task, sentence_vectors.vectors(model, given, pooling), table)
        return lambda model: decided(self.task, training.predict(model, given))

    def scoring(self, table: pd.DataFrame) -> Callable[[PreTrainedModel], float]:
        """What a model scores on the rows by the metric that the papers report: model -> a number."""
        answer, right = self.answering(table), truth(self.task, table)
        return lambda model: score(self.task, answer(model), right)

    def majority(self) -> dict[str, float]:
        """The task's metrics for the answer a model without any knowledge gives to every row of dev.

        That is the most frequent class of dev, the mean of train, the first word of the paragraph, or no entity; NaN of
        vectors, of which a model without knowledge has none.
        """
        train, dev = self.tables["train"], self.tables["dev"]
        if self.task.KIND == "vectors":
            return {self.task.METRIC: float("nan")}
        if self.task.KIND == "span":
            constant = np.array([paragraph.split()[0] for paragraph in dev["second"]], dtype=object)
        elif self.task.KIND == "regression":
            constant = np.full(len(dev), train["label"].mean())
        elif self.task.KIND == "tags":
            constant = tagged.outside(dev["label"])
        else:
            constant = np.full(len(dev), dev["label"].mode()[0])
        return self.task.metrics(constant, truth(self.task, dev))

    def score(self, model: PreTrainedModel) -> tuple[dict[str, float | bool], pd.DataFrame]:
        """Scores on every held-out split, and each answer beside the right one.

        score     the metric the papers report, on dev
        constant  True where the model always answers the same class on dev: its score says nothing about what it learnt
        The task's other metrics follow under their names, those of another split after the split's name and a dot,
        those of the rows of a group after the group's. The table has the columns split, answer and label, the last two
        as text.
        """
        scores: dict[str, float | bool] = {}
        answers = []
        for split in (name for name in self.tables if name != "train"):
            given = self.answering(self.tables[split])(model)
            right = truth(self.task, self.tables[split])
            prefix = "" if split == "dev" else f"{split}."
            metrics = self.task.metrics(given, right)
            if split == "dev":
                scores |= {"score": metrics[self.task.METRIC], "constant": self._is_constant(given)}
            scores |= {f"{prefix}{name}": value for name, value in metrics.items()}
            groups = self.tables[split].groupby("group").indices if "group" in self.tables[split] else {}
            for group, places in groups.items():
                some = self.task.metrics(given[places], right[places])
                scores |= {f"{prefix}{group}.{name}": value for name, value in some.items()}
            answers.append(pd.DataFrame({"split": split, "answer": given, "label": right}).astype(str))
        return scores, pd.concat(answers, ignore_index=True)

    def _is_constant(self, given: np.ndarray) -> bool:
        if self.task.KIND == "tags":
            return len({tag for tags in given for tag in tags.split()}) == 1
        return bool((given == given[0]).all())


def degenerate(dense: float, majority: float) -> str:
    """Why a model of which a share of the score `dense` is to be kept says nothing; "" where it does.

    majority  score of the majority-class baseline; NaN where that has none
    """
    if not dense > 0:
        return "the full model's score is not above 0, so that no share of it is a bound"
    if dense <= majority:
        return "the full model is no better than the majority-class baseline, so pruning never hurts it"
    return ""
