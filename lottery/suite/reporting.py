"""What of one's own model can go: the runs that tell, method by method at equal budgets, and what they tell.

A budget is a share of the weights of the layers' matrices. Of every method the full model, the rows it is judged by
and the shares are the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from lottery import store
from lottery.data import examples, splitting
from lottery.experiments import how_long, smallest
from lottery.experiments.calibration import Calibration
from lottery.experiments.fine_tuning import AUTO, FineTuning
from lottery.experiments.one_shot import OneShot
from lottery.experiments.parts_cut import PartsCut
from lottery.experiments.smaller import ANSWERS
from lottery.experiments.smallest import Smallest
from lottery.findings import own_answers, report
from lottery.models import folders, opening
from lottery.store import Experiment
from lottery.suite import shrinking
from lottery.tasks import score
from lottery.training import evaluation

SHARES = (0.3, 0.5, 0.7)  # of a first answer
MORE_SHARES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
READ = 256  # texts, by the scores that see data
LOT, PARTS_LOT = "random weights", "random heads and neurons"
SINGLE = {  # {method: importance and scope}
    "smallest weights of each matrix": ("magnitude", "local"),
    "smallest weights of all": ("magnitude", "global"),
    "Wanda": ("wanda", "row"),
    "OBS": ("obs", "row"),
    LOT: ("random", "local"),
}
LATER = ("OBS",)  # takes as long for one share as all others take together, and is left out of a first answer
LEAST = "least important heads and neurons"
PARTS = {LEAST: "sample", PARTS_LOT: "random"}
RETRAINED = ("smallest weights of all", LOT)


@dataclass(frozen=True)
class Method:
    """One way to choose what goes, at every share.

    whole  the run that answers as the model of which nothing is gone, trained as long
    lot    the name of what chooses the same at random; "" of that itself
    """

    name: str
    cuts: dict[float, OneShot | PartsCut]
    whole: FineTuning | OneShot
    lot: str


@dataclass(frozen=True)
class Plan:
    """All that is to be run."""

    whole: FineTuning
    methods: list[Method]
    choice: Smallest  # of smaller models that are trained; of a first answer its times alone are taken
    thorough: bool

    @property
    def runs(self) -> Iterator[tuple[str, Experiment]]:
        """What each run is, in words, and the run: in their order, each once."""
        trained = self.whole.epochs == AUTO or self.whole.epochs > 0
        yield "the full model" + (", which is trained first" if trained else ""), self.whole
        yield "the time that heads and neurons take", self.choice.rung.times
        for method in self.methods:
            if method.whole != self.whole:
                yield f"{method.name}: the full model, trained as long", method.whole
            for share, cut in method.cuts.items():
                yield f"{method.name}: {share:.0%} gone", cut
        if self.thorough:
            for rung in self.choice.ladder:
                yield f"a smaller model, trained, without {rung.saved_time:.0%} of the time", rung


def plan(whole: FineTuning, *, thorough: bool, length: int, batch: int) -> Plan:
    """The runs on a full model, which has to be saved.

    thorough       more shares, OBS, retraining after the cut, and smaller models that are trained
    length, batch  of the texts that times are measured with: tokens, and texts at once
    Raises ValueError where the model cannot read texts of that length.
    """
    shares = MORE_SHARES if thorough else SHARES
    lots = {name: LOT if name != LOT else "" for name in SINGLE} | {
        name: PARTS_LOT if name != PARTS_LOT else "" for name in PARTS
    }
    methods = [
        Method(name, {share: _single(whole, name, share) for share in shares}, whole, lots[name])
        for name in SINGLE
        if thorough or name not in LATER
    ]
    methods += [
        Method(
            name,
            {share: PartsCut(of=whole, importance=score, sparsity=share, seed=whole.seed) for share in shares},
            whole,
            lots[name],
        )
        for name, score in PARTS.items()
    ]
    if thorough:
        epochs = how_long.retraining(AUTO, whole)
        for name in RETRAINED:
            cuts = {
                share: replace(_single(whole, name, share), retrain_epochs=epochs, saved=name != LOT)
                for share in shares
            }
            control = replace(_single(whole, RETRAINED[0], 0.0), retrain_epochs=epochs)
            lot = f"{LOT}, retrained" if name != LOT else ""
            methods.append(Method(f"{name}, retrained", cuts, control, lot))
    choice = shrinking.choice(
        whole,
        even=False,
        pieces=False,
        length=length,
        batch=batch,
        epochs=shrinking.long_enough(whole),
        asked="within",
        bound=shrinking.bearable(whole, shrinking.rows(whole)[1]),
    )
    return Plan(whole, methods, choice, thorough)


def _single(whole: FineTuning, name: str, share: float) -> OneShot:
    importance, scope = SINGLE[name]
    seen = None
    if name in ("Wanda", "OBS"):
        texts = min(READ, len(whole.tables(whole.task)["train"]))
        seen = Calibration(
            of=whole.start,
            task=whole.task,
            split="train",
            texts=texts,
            place=0,
            pairs=True,
            max_length=whole.max_length,
        )
    return OneShot(
        dense=whole,
        importance=importance,
        scope=scope,
        embeddings=False,
        pooler=False,
        sparsity=share,
        retrain_epochs=0.0,
        seed=whole.seed,
        calibration=seen,
    )


def perform(asked: Plan, place: Path, tell: Callable[[str], None]) -> None:
    """Perform what is not there yet. `tell` is told what is being done.

    Raises ValueError as the runs do; the next attempt goes on from there.
    """
    runs = list(asked.runs)
    for number, (words, experiment) in enumerate(runs, 1):
        if not store.Run(experiment, place).finished:
            tell(f"{number} of {len(runs)}: {words}")
        store.perform(experiment, place)


def told(asked: Plan, place: Path) -> dict[str, Any]:
    """What the finished runs of a plan tell, of which a page is made: numbers, shares and `Estimate`s as fractions.

    data     what the rows are
    whole    the score of the full model, that of the majority-class baseline, and `is_clear`, whether it is above that
    bound    what a share may lose to count as free: a share of the score
    methods  of each its `cells`, a share each, and `shown`, the largest share shown to go within the bound
    best     the method by which most is shown to go, among those that are not random, and at which share
    saves    what the model takes without its least important heads and neurons
    ladder   of the smaller models that were trained; [] in a first answer; `ladder_bound` is as `bound`, for the rows
             that choose among them
    """
    of = asked.whole
    task = of.task_named(of.task)
    metric, counted = partial(score, task), task.METRIC == "accuracy"

    def answers(experiment: FineTuning | OneShot | PartsCut) -> pd.DataFrame:
        return store.Run(experiment, place).read("answers.parquet")

    cuts = [
        report.Cut(method.name, share, answers(cut), answers(method.whole), method.lot)
        for method in asked.methods
        for share, cut in method.cuts.items()
    ]
    table = report.judged(cuts, metric, counted=counted)
    whole = _whole(asked, place, own_answers.score(answers(of), metric, counted=counted))
    bound = shrinking.bearable(of, len(of.tables(of.task)["dev"]))
    reached = report.shown(table, bound=bound)
    chosen = [name for name in reached if name not in {method.lot for method in asked.methods}]
    best, share = report.best(table.loc[chosen], bound=bound)
    return {
        "thorough": asked.thorough,
        "data": data(of),
        "whole": whole,
        "bound": bound,
        "best": {"method": best, "share": share, "shown": reached[best] > 0},
        "methods": [
            {
                "name": method.name,
                "lot": method.lot,
                "shown": reached[method.name],
                "cells": [
                    {"share": share, **table.loc[(method.name, share)].to_dict(), "run": _named(cut)}
                    for share, cut in method.cuts.items()
                ],
            }
            for method in asked.methods
        ],
        "behind": report.behind(cuts, best, share, metric, counted=counted),
        "saves": saves(asked, place),
        "ladder_bound": asked.choice.bound,
        "ladder": ladder(asked, place) if asked.thorough else [],
        "runs": [{"what": words, "run": _named(experiment)} for words, experiment in asked.runs],
    }


def data(of: FineTuning) -> dict[str, Any]:
    """What the rows are, and what of them keeps a model from being right, as far as it can be counted."""
    task, tables = of.task_named(of.task), of.tables(of.task)
    every = pd.concat(tables.values(), ignore_index=True)
    return {
        "title": task.TITLE,
        "learn": len(tables["train"]),
        "judge": len(tables["dev"]),
        "tagged": task.KIND == "tags",
        "classes": task.shares(every["label"]),
        "twins": splitting.also_in(tables["train"], tables["dev"]),
        "at_odds": splitting.at_odds(every) if task.LABELS else 0,
        "max_length": of.max_length,
        **examples.reading(tables["dev"], opening.tokenizer(of.start.model), of.max_length),
    }


def _whole(asked: Plan, place: Path, score: Any) -> dict[str, Any]:
    of = asked.whole
    task, run = of.task_named(of.task), store.Run(of, place)
    found = run.metrics
    majority = found["majority"] if found["majority"] == found["majority"] else 0.0  # a correlation has none
    return {
        "model": Path(of.start.model).name,
        "head": evaluation.head_in_words(of.start.model, task),
        "metric": task.METRIC,
        "score": score,
        "majority": majority,
        "is_clear": bool(own_answers.lowest(score) > majority),
        "steps": found["steps"],
        "still_rising": bool(found.get("still_rising", False)),
        "bytes": folders.weights_bytes(run.path / "model"),
        "run": _named(of),
    }


def saves(asked: Plan, place: Path) -> list[dict[str, float]]:
    """What the model takes without its least important heads and neurons, at each share.

    heads, neurons  left, of `all_heads` and `all_neurons`
    bytes           of its weights, in proportion
    faster          how many times as fast it is, reckoned from what one head and one neuron take, as measured
    """
    takes = store.Run(asked.choice.rung.times, place).metrics
    whole = folders.weights_bytes(store.Run(asked.whole, place).path / "model")
    (method,) = (method for method in asked.methods if method.name == LEAST)
    lines = []
    for share, cut in method.cuts.items():
        found = store.Run(cut, place).metrics
        gone = {kind: found[f"all_{kind}s"] - found[f"{kind}s"] for kind in ("head", "neuron")}
        left = takes["whole"] - sum(takes[kind] * count for kind, count in gone.items())
        lines.append(
            {name: found[name] for name in ("heads", "all_heads", "neurons", "all_neurons")}
            | {
                "share": share,
                "bytes": whole * (1 - found["gone"] / found["all_weights"]),
                # Halves were timed: of far more the sum may say that no time is left.
                "faster": takes["whole"] / left if left > 0 else float("nan"),
            }
        )
    return lines


def ladder(asked: Plan, place: Path) -> list[dict[str, Any]]:
    """The smaller models that were trained, on the rows that choose; the chosen one on those that judge, too."""
    exam = shrinking.asked_on(asked.whole)
    lines = []
    for rung in asked.choice.ladder:
        run = store.Run(rung, place)
        found = run.metrics
        lines.append(
            {
                "saved_time": rung.saved_time,
                **{name: found[name] for name in ("heads", "all_heads", "neurons", "all_neurons", "bytes", "score")},
                "faster": found["whole_seconds"] / found["batch_seconds"],
                "change": smallest.change([run.read(ANSWERS)], exam),
                "judged": report.NONE,
                "run": _named(rung),
            }
        )
    if any(own_answers.lowest(line["change"]) >= -asked.choice.bound for line in lines):
        found = store.perform(asked.choice, place).metrics
        judged = (found[f"test_{name}"] for name in ("change", "low", "high"))
        lines[found["chosen"]]["judged"] = report.Estimate(*judged)
    return lines


def _named(experiment: Experiment) -> str:
    return f"{type(experiment).__name__}/{store.key(experiment)}"
