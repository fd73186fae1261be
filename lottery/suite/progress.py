"""How much of a grid is done, weighed by how long its runs take: what is left is told in time that one can believe."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import NamedTuple, Self

import pandas as pd
import pyarrow.parquet as pq
from tqdm import tqdm

from lottery.store import Experiment

MINIATURE = "miniature"
Kind = tuple[str, str, str]  # the experiment's class, its task or "", and the model that it is about


def kind(experiment: Experiment) -> Kind:
    """What is taken to last as long: runs of one experiment on one task from one model."""
    return type(experiment).__name__, getattr(experiment, "task", ""), _model(experiment) or MINIATURE


def _model(experiment: object) -> str:
    """The model named first by an experiment or by one that it rests on; "" where none is."""
    values = {field.name: getattr(experiment, field.name) for field in fields(experiment)}
    if isinstance(values.get("model"), str):
        return values["model"]
    return next((model for value in values.values() if is_dataclass(value) and (model := _model(value))), "")


def recorded_seconds(records: Path) -> dict[Kind, float]:
    """How long runs of each kind took that are recorded, the median in seconds; {} where none is.

    records  the folder of recorded runs, {profile}/*.parquet; the profile stands for the model
    Of each experiment on all tasks, too, under the task "".
    """
    seconds: dict[Kind, float] = {}
    columns = {"experiment": object, "task": object, "seconds": float}
    for profile in sorted(records.glob("*/")):
        tables = [
            pd.read_parquet(path, columns=[name for name in columns if name in pq.read_schema(path).names])
            for path in sorted(profile.glob("*.parquet"))
        ]
        tables = [table.reindex(columns=list(columns)).astype(columns) for table in tables]
        rows = pd.concat(tables) if tables else pd.DataFrame()
        if len(rows):
            of_task = rows.groupby(["experiment", "task"])["seconds"].median().items()
            of_all = rows.groupby("experiment")["seconds"].median().items()
            seconds |= {(name, "", profile.name): value for name, value in of_all}
            seconds |= {(name, task, profile.name): value for (name, task), value in of_task}
    return {each: value for each, value in seconds.items() if value == value}  # no NaN


class Took(NamedTuple):
    """How many runs of a kind were performed here, and their seconds in all."""

    runs: int
    seconds: float


class Left:
    """The runs that are left, and how long they will take together.

    A run is taken to last as long as those of its kind that were performed here, on average. While there are none, it
    lasts as long as those that are recorded, times what this machine took for others over what was recorded of those.
    A kind that is neither here nor recorded lasts as long as the runs performed here do on average, or a second.
    """

    def __init__(self, experiments: Sequence[Experiment], recorded: Mapping[Kind, float]):
        self.counts: dict[Kind, int] = defaultdict(int)
        for experiment in experiments:
            self.counts[kind(experiment)] += 1
        self.recorded = recorded
        self.took: dict[Kind, Took] = defaultdict(lambda: Took(0, 0.0))

    def done(self, experiment: Experiment, seconds: float) -> None:
        """One of them is finished and took so long."""
        self.counts[kind(experiment)] -= 1
        runs, before = self.took[kind(experiment)]
        self.took[kind(experiment)] = Took(runs + 1, before + seconds)

    @property
    def seconds(self) -> float:
        """Of work that is left, of all workers together."""
        return sum(count * self.expected(each) for each, count in self.counts.items() if count)

    @property
    def spent(self) -> float:
        """Seconds of work that is done."""
        return sum(took.seconds for took in self.took.values())

    def expected(self, of: Kind) -> float:
        """The seconds of a run of a kind."""
        if of in self.took:
            return self.took[of].seconds / self.took[of].runs
        if (recorded := self._recorded(of)) is not None:
            return recorded * self._pace()
        return self.spent / sum(took.runs for took in self.took.values()) if self.took else 1.0

    def _recorded(self, of: Kind) -> float | None:
        return self.recorded.get(of, self.recorded.get((of[0], "", of[2])))

    def _pace(self) -> float:
        """How many times as long as recorded the runs took here that are of recorded kinds; 1 while there are none."""
        known = [(took, recorded) for each, took in self.took.items() if (recorded := self._recorded(each))]
        there = sum(took.runs * recorded for took, recorded in known)
        return sum(took.seconds for took, _ in known) / there if known else 1.0


class Bar:
    """A bar on stderr of what is done of a grid and of what is left, in runs and in time."""

    def __init__(self, runs: int, left: Left):
        self.runs, self.left, self.ended = runs, left, 0
        self._bar = tqdm(total=1.0, bar_format="{percentage:3.0f}%|{bar:20}| {desc}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, chapter: str, workers: int) -> None:
        """Say how far it is: in which chapter, if in one, and how long so many workers will need for the rest."""
        left, done = self.left.seconds, self.left.spent
        words = (
            f"{chapter + ': ' if chapter else ''}{self.ended:,} of {self.runs:,} runs, "
            f"{in_words(left / max(workers, 1))} left"
        )
        if words != self._bar.desc:  # else it fills logs
            self._bar.n = done / (done + left) if done + left else 1.0
            self._bar.set_description_str(words)


def in_words(seconds: float) -> str:
    """About how long: "less than a minute", "about 7 min", "about 3 h 20 min"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest)
    return f"about {' '.join(parts)}"
