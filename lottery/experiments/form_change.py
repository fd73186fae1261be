"""What one form of a model scores beside another one on the same rows."""

from dataclasses import replace
from typing import Any, ClassVar

from lottery.experiments.saved_form import ANSWERS, SavedForm
from lottery.findings import own_answers
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
        """`change`, the mean score of the one minus that of the other, with its 95 % interval, `low` and `high`.

        The interval is over the rows, which both answer, and over the seeds where there are several; NaN where both
        are right and wrong alike.
        """
        ours, theirs = zip(*[[run.need(form).read(ANSWERS) for form in pair] for pair in self.pairs], strict=True)
        found = own_answers.change(theirs, ours, self.of.of.metric, counted=self.of.of.counted)
        return {"change": found.mean, "low": found.low, "high": found.high}
