"""How fast the forms of smaller models are beside the whole one: all of them in turns, on one machine."""

import os
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from scipy.stats import quantile_test

from lottery.experiments.saved_form import Form, SavedForm
from lottery.models import timing
from lottery.pruning.ways import Way
from lottery.store import Run, Size, parameters

TURN = 0.03  # seconds; what takes less is read again


@parameters
class FormTimes:
    """Times of one machine: another one does not find them again."""

    version: ClassVar[int] = 1
    of: SavedForm  # from which the others differ in the way and the form
    ways: list[Way]  # one a form
    forms: list[Form]
    batch_size: Size  # texts read at once
    length: Size  # tokens of each
    threads: Size
    rounds: Size

    @property
    def whole(self) -> SavedForm:
        """The full model in torch."""
        return replace(self.of, of=self.of.of.whole, form="torch")

    @property
    def timed(self) -> list[SavedForm]:
        """What is timed beside it, in the order of `ways`."""
        cuts = [self.of.of.whole if way == "nothing" else replace(self.of.of, way=way) for way in self.ways]
        return [replace(self.of, of=cut, form=form) for cut, form in zip(cuts, self.forms, strict=True)]

    @property
    def preceding(self) -> list[SavedForm]:
        """All of them."""
        return [self.whole, *self.timed]

    def perform(self, run: Run) -> dict[str, Any]:
        """Of each of `ways` how many times as fast as the full model it is, and what it takes; a list each.

        With one thread it is the processor's time that is counted, which other programs hardly change; with more it is
        the clock's.

        faster         the median over the rounds of the whole's seconds by its own; `lows` and `highs`, a 95% interval
                       of the median, by the order of the rounds
        batch_seconds  the median for a batch; `whole_seconds` that of the whole
        load           how many programs wanted to compute when it began, the mean of a minute
        """
        load = os.getloadavg()[0]
        with timing.threads(self.threads):
            model = self.whole.opened(run)
            readers = {-1: model} | {place: form.opened(run) for place, form in enumerate(self.timed)}
            inputs = timing.batch(model, self.batch_size, self.length)
            turns = timing.turns(readers, inputs, self.rounds, turn=TURN, clock=timing.clock(inputs))
        taken = {place: np.array(each) for place, each in turns.items()}
        ratios = [taken[-1] / taken[place] for place in range(len(self.ways))]
        ends = [quantile_test(each, p=0.5).confidence_interval(0.95) for each in ratios]
        return {
            "faster": [float(np.median(each)) for each in ratios],
            "lows": [float(end.low) for end in ends],
            "highs": [float(end.high) for end in ends],
            "batch_seconds": [float(np.median(taken[place])) for place in range(len(self.ways))],
            "whole_seconds": float(np.median(taken[-1])),
            "load": load,
        }
