"""The smallest of a ladder of smaller models that does what was asked for; it alone is looked at on the test part."""

import math
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from transformers import PreTrainedModel

from lottery.experiments.smaller import ANSWERS, Smaller, score_of, side_by_side
from lottery.findings import own_answers
from lottery.models import opening
from lottery.statistics import Estimate
from lottery.store import Fraction, NotNegative, Run, Size, parameters
from lottery.tasks import score
from lottery.training import evaluation
from lottery.training.evaluation import Exam

TEST = "test.parquet"


@parameters
class Smallest:
    """A choice among smaller models of one whole, on the part of the training set that none of them learnt from.

    within  that with the most saved whose score is at most `bound` below the whole's: the lower end of its paired 95%
            interval is
    speed   of those at least `bound` times as fast as the whole, the one with the highest score
    bytes   of those whose weights take at most `bound` bytes, the one with the highest score
    """

    version: ClassVar[int] = 2
    rung: Smaller  # of the ladder, whose others differ from it in how much is saved
    shares: list[Fraction]  # of the time, one a rung
    asked: Literal["within", "speed", "bytes"]
    bound: NotNegative  # of the first a share of the score, 0.01 for a point
    seeds: Size = 1  # healings of each, by so many seeds from the rung's on; of all of them it is judged

    @property
    def ladder(self) -> list[Smaller]:
        """The rungs: all are tried, none is left out because another one did well."""
        return [replace(self.rung, saved_time=share) for share in self.shares]

    def healings(self, rung: Smaller) -> list[Smaller]:
        """A rung with each of the seeds."""
        return [replace(rung, seed=rung.seed + number) for number in range(self.seeds)]

    @property
    def preceding(self) -> list[Smaller]:
        """What has to be there."""
        return [each for rung in self.ladder for each in self.healings(rung)]

    def perform(self, run: Run) -> dict[str, Any]:
        """What was chosen, and what it scores on the task's dev set, which here is the test part, beside the whole.

        chosen     its place in the ladder; of its healings the one that scores highest on the part that chooses is
                   taken, the `healing`th
        changes, lows, highs  of every rung, the score minus the whole's on the part that chooses, with its interval
        test_score, test_whole_score  of the one that is taken, and of the whole
        test_change, test_low, test_high  of the chosen rung, the mean of all its healings; the interval is NaN where
                   all answer as the whole one
        test_majority  score of the majority-class baseline there
        test_rows  how many it is
        Raises ValueError where no rung does what was asked for, saying what can be had.
        """
        runs = [[run.need(each) for each in self.healings(rung)] for rung in self.ladder]
        whole, exam = self.rung.of.opened(run)
        changes = [change([each.read(ANSWERS) for each in healed], exam) for healed in runs]
        chosen = self._choice([mean_of([each.metrics for each in healed]) for healed in runs], changes)
        scores = [each.metrics["score"] for each in runs[chosen]]
        healing = scores.index(max(scores))
        folders = [each.weights(run) for each in self.healings(self.ladder[chosen])]
        there = [self._tested(whole, folder, exam) for folder in folders]
        answers = there[healing]
        run.once(TEST, lambda: answers)
        lost = change(there, exam)
        return {
            "chosen": chosen,
            "healing": healing,
            "changes": [each.mean for each in changes],
            "lows": [each.low for each in changes],
            "highs": [each.high for each in changes],
            "test_score": score_of(answers, "small", exam, exam.tables["dev"]),
            "test_whole_score": score_of(answers, "whole", exam, exam.tables["dev"]),
            "test_change": lost.mean,
            "test_low": lost.low,
            "test_high": lost.high,
            "test_majority": exam.majority()[exam.task.METRIC],
            "test_rows": len(exam.tables["dev"]),
        }

    def _tested(self, whole: PreTrainedModel, folder: str, exam: Exam) -> pd.DataFrame:
        """What a smaller model answers to the test part, beside the whole one."""
        small = evaluation.with_head(folder, exam.task, ours=True).to(whole.device)
        models = {"whole": (whole, exam.tokenizer), "small": (small, opening.tokenizer(folder))}
        return side_by_side(models, exam, exam.tables["dev"])

    def _choice(self, found: list[dict[str, Any]], changes: list[Estimate]) -> int:
        speeds = [each["whole_seconds"] / each["batch_seconds"] for each in found]
        places = range(len(found))
        if self.asked == "within":
            fits = [place for place in places if own_answers.lowest(changes[place]) >= -self.bound]
            if not fits:
                losses = [max(0, math.ceil(-1000 * own_answers.lowest(change))) / 10 for change in changes]
                can = [
                    f"{loss:g} points, {speed:.1f} times as fast, {change.in_words(100)}"
                    for loss, speed, change in zip(losses, speeds, changes, strict=True)
                ]
                raise ValueError(
                    f"no smaller model is shown to lose at most {100 * self.bound:g} points on the rows that choose; "
                    f"what can be had, which needs no more training, is a loss of at most {'; or '.join(can)}: allow "
                    "one of these, train longer, or give more rows"
                )
            return max(fits, key=lambda place: self.shares[place])
        if self.asked == "speed":
            fits, most = [place for place in places if speeds[place] >= self.bound], max(speeds)
            can = f"the fastest tried is {most:.1f} times as fast"
        else:
            fits = [place for place in places if found[place]["bytes"] <= self.bound]
            least = min(each["bytes"] for each in found)
            rest = "" if self.rung.vocabulary else ", with all word pieces: --vocabulary leaves those that are used"
            can = f"the smallest tried takes {least / 1e6:.1f} MB{rest}"
        if not fits:
            raise ValueError(f"that is more than the ladder reaches: {can}; ask for less, or cut more")
        return max(fits, key=lambda place: found[place]["score"])


def change(answers: list[pd.DataFrame], exam: Exam) -> Estimate:
    """The score of a smaller model minus the whole's on the same rows, the mean of its healings.

    answers  as of `side_by_side`, a table a healing
    returns  with its 95% interval over the rows; where there are several healings, over these, too
    """
    whole, small = ([each[each["model"] == name] for each in answers] for name in ("whole", "small"))
    return own_answers.change(whole, small, partial(score, exam.task), counted=exam.task.METRIC == "accuracy")


def mean_of(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Of several healings of one rung the mean of each number that a choice goes by."""
    names = ("whole_seconds", "batch_seconds", "score", "bytes")
    return {name: float(np.mean([each[name] for each in found])) for name in names}
