"""A mask of a method that aims at no sparsity, regularised as strongly as leaves what is wanted."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar

from lottery.choices import choose
from lottery.experiments.learned_mask import LearnedMask
from lottery.masks import Mask
from lottery.store import Positive, Run, Size, parameters
from lottery.store.tables import ANSWERS

STEP = 8.0  # times by which a strength is changed at most, and its root at least, while all tried err on one side
INSIDE = 0.15  # of the way between two strengths, on a log scale, that is kept to each of them


@parameters
class PressedMask(LearnedMask):
    """The mask that comes nearest to `sparsity` among those learned at several strengths, one after the other.

    Every training is a run of LearnedMask of its own. The first presses with `strength`; each later one as
    `next_strength` says, until the share that remains is `near` enough.
    """

    version: ClassVar[int] = 1
    near: Positive = 1.1  # times more or fewer weights than asked for
    trainings: Size = 8  # at most

    def perform(self, run: Run) -> dict[str, Any]:
        """The metrics of the mask that comes nearest, by the quotient of what remains and what was to.

        found     its strength
        tried     how many trainings it took to find
        Raises ValueError for a method that aims at a sparsity, and for a strength of 0.
        """
        if choose("mask_learning", self.method).AIMED:
            raise ValueError(f"method = {self.method!r} aims at a sparsity: give one that does not, such as 'l0'")
        if not self.strength > 0:
            raise ValueError(f"strength = {self.strength:g}: the search begins with a strength above 0")
        strength, tried = self.strength, {}
        while True:
            found = run.need(self._at(strength))
            tried[strength] = 1 - found.metrics["sparsity_met"]
            nearest = min(tried, key=lambda each: _off(tried[each], 1 - self.sparsity))
            if _off(tried[nearest], 1 - self.sparsity) <= math.log(self.near) or len(tried) == self.trainings:
                break
            strength = next_strength(tried, 1 - self.sparsity)
            if strength in tried:  # to three digits nothing lies between those that leave too many and too few
                break
        best = run.need(self._at(nearest))
        run.once(ANSWERS, lambda: best.read(ANSWERS))
        return best.metrics | {"found": nearest, "tried": len(tried)}

    def mask(self, run: Run) -> Mask:
        """What stays."""
        return self._at(run.need(self).metrics["found"]).mask(run)

    def _at(self, strength: float) -> LearnedMask:
        given = {field.name: getattr(self, field.name) for field in fields(LearnedMask)}
        return LearnedMask(**given | {"strength": strength, "sparsity": 0.0})


def next_strength(tried: Mapping[float, float], wanted: float) -> float:
    """The strength to try next, to three digits, where a stronger regulariser leaves fewer weights.

    tried   {strength: share of the weights that remained}
    wanted  the share that is to, in (0, 1)
    Between the strongest that left too many and the next one that left too few, by a line through the log odds of the
    shares over the logs of the strengths. Before there are both, as if odds were inverse to strengths, by STEP times at
    most.

    >>> next_strength({30.0: 0.5}, 0.1)
    240.0
    >>> next_strength({30.0: 0.5, 240.0: 0.02}, 0.1)
    97.0
    """
    weak = max((strength for strength, left in tried.items() if left > wanted), default=None)
    stronger = [strength for strength, left in tried.items() if left <= wanted and strength > (weak or 0)]
    strong = min(stronger, default=None)
    if weak and strong:
        high, low = _log_odds(tried[weak]), _log_odds(tried[strong])
        way = (high - _log_odds(wanted)) / (high - low)
        way = min(max(way, INSIDE), 1 - INSIDE)
        return _rounded(weak * (strong / weak) ** way)
    last = weak or strong
    change = abs(_log_odds(tried[last]) - _log_odds(wanted))
    times = math.exp(min(max(change, math.log(STEP) / 4), math.log(STEP)))
    return _rounded(last * times if weak else last / times)


def _off(left: float, wanted: float) -> float:
    return abs(math.log(max(left, 1e-9) / wanted))


def _log_odds(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(share / (1 - share))


def _rounded(strength: float) -> float:
    return float(f"{strength:.3g}")
