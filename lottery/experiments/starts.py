"""What a study starts from: a pre-trained model, and the data of a task."""

from functools import cache, lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import torch

from lottery import files, miniature, training
from lottery.choices import choose, named
from lottery.data import examples, glue_hub, own_file, splitting, text_corpus
from lottery.data.examples import seeded
from lottery.data.own_file import Labels
from lottery.experiments import HUB, Data, Model, Pretrained, Start
from lottery.experiments.continued_pretraining import ContinuedPretraining
from lottery.experiments.miniature import Miniature
from lottery.masks import Mask
from lottery.models import opening
from lottery.models.pooling import Pooling
from lottery.store import Count, Fraction, Run, Size, Source, parameters
from lottery.tasks import Task
from lottery.training import sentence_vectors

OWN = "own"


@parameters
class Given:
    """A model (a folder, "minilm" or a hub name) and the published files of one task."""

    version: ClassVar[int] = 1
    model: Model
    data: Data
    train_examples: Count = 0  # of the training set, so many drawn at random, the same for everyone; 0: all
    dev_examples: Count = 0  # of each other split, likewise
    stratified: bool = False  # whether both are drawn as by `splitting.stratified`, at most so many

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
        """The task's published files, read from `data`.

        Raises ValueError where they have fewer examples than what is asked for without regard to labels.
        """
        whole = published(task, self.data)
        if self.stratified:
            return part(whole, self.train_examples, self.dev_examples)
        counts = {"train": self.train_examples}
        return {split: some(table, counts.get(split, self.dev_examples)) for split, table in whole.items()}


class _OfFiles:
    """What starts on files of the user's own share: the model as it is, and the one task that `_read` makes of them."""

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
        """The rows of the file by split. Raises as what reads it does."""
        return {split: table.copy() for split, table in self._read()[1].items()}


@parameters
class Own(_OfFiles):
    """A model and a task made from the user's own file; the task is called OWN."""

    version: ClassVar[int] = 2
    model: Model
    train: Source  # a .csv, .tsv or .jsonl file
    dev: Source  # another, or "": a share of `train` is held out
    dev_share: Fraction
    text: str  # the column of the text
    second: str  # that of a second text, or ""
    label: str  # that of the label
    labels: Labels
    train_examples: Count = 0  # of the training set, at most so many, drawn as by `splitting.stratified`; 0: all
    dev_examples: Count = 0  # of what the model is judged by, likewise

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The rows of the files, or of each split as many as asked for."""
        return part(super().tables(task), self.train_examples, self.dev_examples)

    def _read(self) -> tuple[Task, dict[str, pd.DataFrame]]:
        return _own(self, _contents(self.train, self.dev))


@parameters
class Unlabelled(_OfFiles):
    """A classifier and the user's texts without labels: the right answer is what the model says. The task is OWN."""

    version: ClassVar[int] = 1
    model: Model
    file: Source  # a .csv, .tsv or .jsonl file
    test_share: Fraction  # of the different texts, held out
    text: str  # the column of the text
    second: str  # that of a second text, or ""
    max_length: Size  # tokens of an example, at most

    def _read(self) -> tuple[Task, dict[str, pd.DataFrame]]:
        return _unlabelled(self, _contents(self.file))


@parameters
class Vectors(_OfFiles):
    """A sentence encoder and the user's texts without labels: right is what vectors it makes. The task is OWN."""

    version: ClassVar[int] = 1
    model: Model
    file: Source  # a .csv, .tsv or .jsonl file
    test_share: Fraction  # of the different texts, or pairs of them, held out
    text: str  # the column of the text
    second: str  # that of the other text of a pair, or ""
    pooling: Pooling
    max_length: Size  # tokens of a text, at most

    def _read(self) -> tuple[Task, dict[str, pd.DataFrame]]:
        return _vectors(self, _contents(self.file))


@parameters
class Pairs(_OfFiles):
    """A model and the user's own pairs of texts, on which it is judged as it is; the task is called OWN."""

    version: ClassVar[int] = 1
    model: Model
    file: Source  # a .csv, .tsv or .jsonl file
    first: str  # the column of one text
    second: str  # that of the other
    label: str  # that of how alike they are, a number; "": there is none

    def _read(self) -> tuple[Task, dict[str, pd.DataFrame]]:
        return _pairs(self, _contents(self.file))


@parameters
class Challenge:
    """Another task whose dev set the same model answers with the classes it has learnt, as HANS for one of MNLI."""

    version: ClassVar[int] = 1
    task: named("tasks")
    data: Data

    def tables(self) -> dict[str, pd.DataFrame]:
        """The task's published files, read from `data`."""
        return published(self.task, self.data)


def start(
    model: str,
    task: str,
    data_dir: str,
    *,
    seed: int,
    miniature_steps: int,
    examples: int = 0,
    dev_examples: int = 0,
) -> Given | Miniature:
    """The start that a notebook's parameters name, on a published task.

    model     one of miniature.NAMES, made here with `seed` and `miniature_steps` of pre-training; "minilm", a folder, a
              name
    data_dir  for any model but the miniature: a downloaded glue_data folder, or "hub"
    examples, dev_examples  as of `require_part`; texts that have no label are drawn at random
    Raises ValueError where they do not fit together or the files are not as they are published.
    """
    require_part(model, examples, dev_examples)
    data = task_data(model, task, data_dir)
    if data:
        labelled = choose("tasks", task).KIND != "span"
        return Given(
            model=model,
            data=data,
            train_examples=examples,
            dev_examples=dev_examples,
            stratified=labelled and bool(examples or dev_examples),
        )
    return Miniature(seed=seed, steps=miniature_steps, family=miniature.NAMES[model])


def task_data(model: str, task: str, data_dir: str) -> str:
    """Where the published files of a task are, for a model named as for `start`: their folder or HUB; "" for its own.

    Raises ValueError as `start` does.
    """
    folder = choose("tasks", task).FOLDER
    if model in miniature.NAMES:
        if data_dir:
            raise ValueError(f"data_dir = {data_dir!r}: the miniature brings its own data; leave data_dir empty")
        return ""
    _check(model)
    if data_dir == HUB:
        if task not in glue_hub.TASKS:
            raise ValueError(f"task = {task!r} is not one of GLUE's on the hub ({', '.join(glue_hub.TASKS)})")
        return HUB
    if not data_dir or not (Path(data_dir).expanduser() / folder).is_dir():
        raise ValueError(
            f"data_dir = {data_dir!r} has no folder {folder!r}: for the model {model!r} and the task {task!r}, give a "
            f"folder laid out as GLUE's download, or {HUB!r} where the Hugging Face hub can be reached"
        )
    data = str(Path(data_dir) / folder)
    if "train" not in _splits(task, data):
        raise ValueError(f"task = {task!r} has no training set: give the task to train on, and this one as `also`")
    return data


def pretrained(
    model: str,
    text: str,
    *,
    seed: int,
    miniature_steps: int,
    text_steps: int,
    text_learning_rate: float,
    text_batch_size: int,
    text_length: int,
    text_frozen: bool = False,
    data: Own | Unlabelled | None = None,
) -> Pretrained:
    """The start that a notebook's parameters name, for pre-training to go on from.

    model  as for `start`
    text   for any model but the miniature: a text file, or a folder of them, as `text_corpus.read` takes it
    The rest: `seed` and `miniature_steps` of the miniature; or `seed`, steps, learning rate, pairs a batch and tokens a
    pair of the training on the text that comes before, 0 steps for a model that has its heads of pre-training, and
    whether that trains the heads alone.
    data   the user's own file, where one of the tasks is made of it
    Raises ValueError or FileNotFoundError where they do not fit together or the text is none.
    """
    if model in miniature.NAMES:
        if text:
            raise ValueError(f"text = {text!r}: the miniature brings its own text; leave text empty")
        return Miniature(seed=seed, steps=miniature_steps, family=miniature.NAMES[model])
    _check(model)
    if not text:
        raise ValueError(
            f"text = '': to go on with the pre-training of {model!r}, give a text file or a folder of .txt files, one "
            "sentence a line, with a blank line between documents"
        )
    _read(text)
    return ContinuedPretraining(
        model=model,
        corpus=text,
        steps=text_steps,
        learning_rate=text_learning_rate,
        batch_size=text_batch_size,
        max_length=text_length,
        seed=seed,
        frozen=text_frozen,
        data=data,
    )


def own(given: Own | Unlabelled) -> Own | Unlabelled:
    """The same, once its files have been read without complaint. Raises as what reads them does."""
    _require_words(given.model)
    if not (given.train if isinstance(given, Own) else given.file):
        raise ValueError(
            "train_file = '': for the task 'own', give a .csv, .tsv or .jsonl file with one row an example"
        )
    _check(given.model)
    given.tables(OWN)
    return given


def pairs(given: Pairs) -> Pairs:
    """The same, once its file has been read without complaint. Raises as `own_file.pairs` does."""
    _require_words(given.model)
    if not given.file or not given.second:
        raise ValueError(
            "pairs of your own take train_file, a .csv, .tsv or .jsonl file with one pair a row, text_column and "
            "second_column"
        )
    _check(given.model)
    given.tables(OWN)
    return given


def challenge(task: str, learnt: list[str], data_dir: str) -> Challenge | None:
    """The task named, of the same `data_dir`, for models that have learnt other tasks to be scored on; None for "".

    Raises ValueError where it does not judge models of each of these tasks, or its files are not there.
    """
    if not task:
        return None
    module = choose("tasks", task)
    judged = getattr(module, "JUDGES", ())
    if strange := [name for name in learnt if name not in judged]:
        raise ValueError(
            f"also = {task!r} does not judge models of {strange[0]!r}, but of {', '.join(judged) or 'no other task'}"
        )
    if data_dir in ("", HUB) or not (Path(data_dir).expanduser() / module.FOLDER).is_dir():
        raise ValueError(
            f"data_dir = {data_dir!r} has no folder {module.FOLDER!r}: to score models on also = {task!r}, give a "
            "folder laid out as GLUE's download with that one in it"
        )
    given = Challenge(task=task, data=str(Path(data_dir) / module.FOLDER))
    _splits(given.task, given.data)
    return given


def require_part(model: str, examples: int, dev_examples: int) -> None:
    """Raise ValueError where a part is asked for of the miniature's tasks, which are taken whole.

    examples      of a task's training set, at most so many, drawn by label, the same for everyone; 0: all
    dev_examples  of each other split, likewise
    """
    if model in miniature.NAMES and (examples or dev_examples):
        name, value = ("examples", examples) if examples else ("dev_examples", dev_examples)
        raise ValueError(
            f"{name} = {value}: the tasks of the miniature are small and taken whole; leave it at 0, or give another "
            "model"
        )


def part(tables: dict[str, pd.DataFrame], train: int, other: int) -> dict[str, pd.DataFrame]:
    """Of each split at most so many examples, drawn as by `splitting.stratified`; 0 means all.

    A count is its own seed, so that one part is the same for every model, method and seed of a study.
    """
    counts = {split: train if split == "train" else other for split in tables}
    return {split: splitting.stratified(table, counts[split], seed=counts[split]) for split, table in tables.items()}


def some(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """So many rows drawn at random, always the same, in their order; 0 means all. Raises ValueError for too many."""
    if not count:
        return table
    if count > len(table):
        raise ValueError(f"{count} examples are asked for where there are {len(table)}: give at most so many, or 0")
    order = torch.randperm(len(table), generator=seeded(count)).tolist()
    return table.iloc[sorted(order[:count])].reset_index(drop=True)


def tables(start: Start, task: str, data: str) -> dict[str, pd.DataFrame]:
    """The splits of a task: the published ones in `data`, as for `published`; with "" those that the start brings."""
    return published(task, data) if data else start.tables(task)


def published(task: str, data: str) -> dict[str, pd.DataFrame]:
    """A published task's splits, from the folder `data` or from HUB. Raises as the task's reader does."""
    module = choose("tasks", task)
    return glue_hub.read(task, module) if data == HUB else module.read(Path(data).expanduser())


def _require_words(model: str) -> None:
    """Raise ValueError for the miniature, which cannot read what a user has written."""
    if model in miniature.NAMES:
        raise ValueError(
            f"model = {model!r} knows the words of its own language alone: for a file of your own give 'minilm', a "
            "folder or a name of the Hugging Face hub"
        )


@lru_cache(maxsize=2)
def _own(given: Own, contents: tuple[str, ...]) -> tuple[Task, dict[str, pd.DataFrame]]:
    """What the user's files make, read once as long as what is in them stays as it is."""
    columns = _columns(given.text, given.second, given.label)
    dev = Path(given.dev).expanduser() if given.dev else None
    return own_file.read(Path(given.train).expanduser(), dev, columns, given.labels, dev_share=given.dev_share)


@lru_cache(maxsize=2)
def _unlabelled(given: Unlabelled, contents: tuple[str, ...]) -> tuple[Task, dict[str, pd.DataFrame]]:
    """The same of the user's texts, answered by the model."""
    config = opening.configuration(given.model)
    names = tuple(config.id2label.values())
    if opening.head_places(config, names) is None or len(names) < 2:
        raise ValueError(
            f"{given.model!r} has no head that gives a text one of several classes, and is no sentence encoder, so "
            "that it has no answers to go by: give the column of the labels"
        )
    table = own_file.texts(Path(given.file).expanduser(), _columns(given.text, given.second, ""))
    model, tokenizer = opening.for_classes(given.model, names), opening.tokenizer(given.model)
    read = examples.encode(table.assign(label=0), tokenizer, given.max_length)
    table = table.assign(label=training.predict(model, read).argmax(-1))
    if table["label"].nunique() < 2:
        raise ValueError(f"{given.model!r} gives all of {given.file} one answer: there is nothing to tell")
    train, dev = splitting.held_out(table, given.test_share, seed=own_file.SPLIT_SEED, stratified=False)
    task = own_file.OwnTask(
        TITLE=Path(given.file).name,
        KIND="classification",
        LABELS=names,
        PAIR="second" in table,
        METRIC="accuracy",
    )
    return task, {"train": train, "dev": dev}


@lru_cache(maxsize=2)
def _vectors(given: Vectors, contents: tuple[str, ...]) -> tuple[Task, dict[str, pd.DataFrame]]:
    """The same of the user's texts, or pairs of them, with the model's vectors or their cosines beside them."""
    table = own_file.texts(Path(given.file).expanduser(), _columns(given.text, given.second, ""))
    read = sentence_vectors.one_by_one(table, opening.tokenizer(given.model), given.max_length)
    found = sentence_vectors.vectors(opening.bare_encoder(given.model), read, given.pooling)
    pair = "second" in table
    if pair:
        table = table.assign(label=sentence_vectors.cosines(*np.split(found, 2)).astype(float))
    else:
        table = table.assign(label=1.0, vector=[*found])
    train, dev = splitting.held_out(table, given.test_share, seed=own_file.SPLIT_SEED, stratified=False)
    task = own_file.OwnVectors(TITLE=Path(given.file).name, PAIR=pair, POOLING=given.pooling)
    return task, {"train": train, "dev": dev}


@lru_cache(maxsize=2)
def _pairs(given: Pairs, contents: tuple[str, ...]) -> tuple[Task, dict[str, pd.DataFrame]]:
    """The same of the user's pairs."""
    return own_file.pairs(Path(given.file).expanduser(), _columns(given.first, given.second, given.label))


def _contents(*sources: str) -> tuple[str, ...]:
    """What is in files, in short; "" of one that is not there."""
    paths = [Path(source).expanduser() for source in sources]
    return tuple(files.checksum(path) if path.is_file() else "" for path in paths)


def _columns(first: str, second: str, label: str) -> dict[str, str]:
    """{ours: theirs}, without those that have no name."""
    names = {"first": first, "second": second, "label": label}
    return {ours: theirs for ours, theirs in names.items() if theirs}


@cache
def _splits(task: str, data: str) -> list[str]:
    """The names of the splits; read here, so that what is wrong in a file is told before any run."""
    return list(published(task, data))


# Once for all seeds and tasks of a grid.
_check = cache(opening.check)


@cache
def check_length(model: str, max_length: int, pair: bool) -> None:
    """Raise ValueError where a model, named as for `start`, cannot read texts, or pairs of them, of so many tokens."""
    if model not in miniature.NAMES:  # of a model that is still to be made, its runs tell
        opening.check_length(model, max_length, pair=pair)


@cache
def _read(text: str) -> None:
    text_corpus.read(Path(text).expanduser())
