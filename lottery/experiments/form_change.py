"""What one form of a model scores beside another one on the same rows."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from lottery.experiments.saved_form import ANSWERS, SavedForm
from lottery.findings import own_answers, sentences
from lottery.statistics import grouped_jackknife_error
from lottery.store import Count, Run, parameters


@parameters
class FormChange:
    """Over the fine-tunings of several seeds, each with its own pair of models."""

    version: ClassVar[int] = 1
    of: SavedForm
    against: SavedForm
    seeds: list[Count]  # of the fine-tunings; one number, whatever it is, where nothing is trained

    @property
    def pairs(self) -> list[tuple[SavedForm, SavedForm]]:
        """The two forms, a pair a seed."""
        return [tuple(replace(each, of=each.of.with_seed(s)) for each in (self.of, self.against)) for s in self.seeds]

    @property
    def preceding(self) -> list[SavedForm]:
        """The forms that are compared."""
        return [form for pair in self.pairs for form in reversed(pair)]

    def perform(self, run: Run) -> dict[str, Any]:
        """`change`, the mean score of the one minus that of the other, with its 95% interval, `low` and `high`.

        The interval is over the rows, which both answer, and over the seeds where there are several; NaN where both
        are right and wrong alike. For one pair of models whose score is no share of right answers it is by a jackknife
        over the rows, as for cuts of a sentence encoder elsewhere.
        """
        ours, theirs = zip(*[[run.need(form).read(ANSWERS) for form in pair] for pair in self.pairs], strict=True)
        metric = self.of.of.metric()
        if self.of.of.counted or len(self.seeds) > 1:
            found = own_answers.change(theirs, ours, metric, counted=self.of.of.counted)
            return {"change": found.mean, "low": found.low, "high": found.high}
        (one, right), (other, _) = (own_answers.given(answers[0]) for answers in (ours, theirs))

        def change(rows: np.ndarray) -> float:
            return metric(one[rows], right[rows]) - metric(other[rows], right[rows])

        every = change(np.arange(len(right)))
        found = sentences.estimate(every, grouped_jackknife_error(change, len(right)))
        return {"change": found.mean, "low": found.low, "high": found.high}
