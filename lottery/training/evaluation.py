"""A model on a task: its head, the task's examples as it reads them, its answers and their scores.

The KIND of a task decides between classes, a number and a span.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery import training
from lottery.data import examples, spans
from lottery.data.examples import Examples
from lottery.models import opening
from lottery.tasks import Task


def with_head(source: str, task: Task, *, ours: bool = False) -> PreTrainedModel:
    """The encoder `source` under a head for the task: the saved one if it is of this task's classes, else a new one.

    ours  whether a run on the same task saved it, as for `opening.for_classes`
    A new head is drawn from torch's generator.
    """
    if task.KIND == "span":
        return opening.for_spans(source)
    return opening.for_classes(source, task.LABELS, ours=ours)


def outputs(task: Task) -> int:
    """How many numbers answer an example of a task that asks for a class or a number: one a class, or one."""
    return 1 if task.KIND == "regression" else len(task.LABELS)


def encoded(task: Task, table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Examples:
    """The task's table as the model's examples of at most `max_length` tokens: cut there, or paragraphs in windows."""
    if task.KIND == "span":
        return spans.encode(table, tokenizer, max_length)
    return examples.encode(table, tokenizer, max_length, regression=task.KIND == "regression")


def answering(
    task: Task, table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int
) -> Callable[[PreTrainedModel], np.ndarray]:
    """What a model answers to each row: model -> class numbers, numbers, or texts, (n,). The rows are encoded once."""
    if task.KIND == "span":
        read = spans.windows(table, tokenizer, max_length)

        def texts(model: PreTrainedModel) -> np.ndarray:
            starts, ends = training.predict_spans(model, read.examples)
            return np.array(spans.answers(table["second"].tolist(), read, starts, ends), dtype=object)

        return texts
    given = encoded(task, table, tokenizer, max_length)
    if task.KIND == "regression":
        return lambda model: training.predict(model, given)[:, 0]
    return lambda model: training.predict(model, given).argmax(-1)


def truth(task: Task, table: pd.DataFrame) -> np.ndarray:
    """The right answer to each row: class numbers, numbers, or tuples of accepted texts, (n,)."""
    return table["answers" if task.KIND == "span" else "label"].to_numpy()


def majority(task: Task, tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """The task's metrics for the answer a model without any knowledge gives to every row of dev.

    That is the most frequent class of dev, the mean of train, or the first word of the paragraph.
    """
    train, dev = tables["train"], tables["dev"]
    if task.KIND == "span":
        constant = np.array([paragraph.split()[0] for paragraph in dev["second"]], dtype=object)
    elif task.KIND == "regression":
        constant = np.full(len(dev), train["label"].mean())
    else:
        constant = np.full(len(dev), dev["label"].mode()[0])
    return task.metrics(constant, truth(task, dev))


def degenerate(dense: float, majority: float) -> str:
    """Why a model of which a share of the score `dense` is to be kept says nothing; "" where it does.

    majority  the score of one answer to all; NaN where that has none
    """
    if not dense > 0:
        return "the whole model's score is not above 0, so that no share of it is a bound"
    if dense <= majority:
        return "the whole model is no better than one answer to all, so that nothing it loses is missed"
    return ""


def score(
    model: PreTrainedModel,
    task: Task,
    tables: dict[str, pd.DataFrame],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
) -> tuple[dict[str, float | bool], pd.DataFrame]:
    """Scores on every held-out split, and each answer beside the right one.

    score     the metric the papers report, on dev
    constant  True where the model gives one answer to all of dev: its score says nothing about what it learnt
    The task's other metrics follow under their names, those of another split after the split's name and a dot, those
    of the rows of a group after the group's. The table has the columns split, answer and label, the last two as text.
    """
    found: dict[str, float | bool] = {}
    told = []
    for split in (name for name in tables if name != "train"):
        given = answering(task, tables[split], tokenizer, max_length)(model)
        right = truth(task, tables[split])
        prefix = "" if split == "dev" else f"{split}."
        metrics = task.metrics(given, right)
        if split == "dev":
            found |= {"score": metrics[task.METRIC], "constant": bool((given == given[0]).all())}
        found |= {f"{prefix}{name}": value for name, value in metrics.items()}
        for group, places in tables[split].groupby("group").indices.items() if "group" in tables[split] else ():
            some = task.metrics(given[places], right[places])
            found |= {f"{prefix}{group}.{name}": value for name, value in some.items()}
        told.append(pd.DataFrame({"split": split, "answer": given, "label": right}).astype(str))
    return found, pd.concat(told, ignore_index=True)
