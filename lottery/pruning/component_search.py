"""Searching for the components that a fine-tuned model can do without (Prasanna et al. 2020, arXiv:2005.00561).

The least important components go, a few at a time, as long as the score stays at or above a bound. Removing both kinds
takes three phases (Appendix B): heads and one MLP together; then half as many heads at a time; then one MLP at a time.
A step that falls below the bound is taken back and ends its phase. Neurons go like heads, alone or beside them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from lottery.masks import HEADS, MLPS, NEURONS, Mask, Scores

Mode = Literal["heads", "mlps", "both", "neurons", "heads and neurons"]
Look = Callable[[Mask], tuple[float, Scores]]

# Heads that go at once in modes that remove some, at least: where it is two, one does in a second phase.
LEAST_HEADS = {"both": 2, "heads and neurons": 2, "heads": 1}


@dataclass(frozen=True)
class Step:
    """One look of a search.

    phase       "whole", "heads and MLPs", "heads", "MLPs", "heads and neurons" or "neurons"
    kept        the components that were left
    score       of the model with these
    accepted    whether the score was at or above the bound
    importance  of all components, seen from here
    """

    phase: str
    kept: Mask
    score: float
    accepted: bool
    importance: Scores


def search(
    look: Look,
    whole: Mask,
    *,
    mode: Mode,
    heads_at_once: int,
    share: float,
    guarded: bool = False,
    afresh: bool = True,
    norm_over_removed: bool = False,
    neurons_at_once: int = 0,
) -> list[Step]:
    """Every look at the model, in order; the last accepted step holds what can stay.

    look              kept -> its score, and the importance of its components, higher is more
    whole             the mask that keeps everything
    heads_at_once     that go in one step, in the mode "both" half of them (rounded down) in its second phase
    share             of the full model's score that has to be reached, in (0, 1]
    guarded           True: a layer never loses its last head
    afresh            True: after a step back the next phase ranks by what was seen before that step; False, as in the
                      released code, by what was seen after it, where the heads just taken back are ranked too
    norm_over_removed True, as in the released code: heads already removed count in their layer's norm
    neurons_at_once   that go in one step of a mode that removes neurons; `whole` has to name them then

    Where the full model's score is not above 0, or not defined, a share of it is no bound: then there is one step.
    Raises ValueError where fewer than one head, or in the modes of two kinds fewer than two, would go at once, or fewer
    than one neuron, and where the importance does not rank what is to be removed.

    >>> def look(kept):  # a model in which only the first head of each layer counts
    ...     return float(kept["heads"][:, 0].sum()), {"heads": torch.tensor([[0.9, 0.1, 0.2], [0.8, 0.3, 0.0]])}
    >>> whole = {"heads": torch.ones(2, 3, dtype=torch.bool), "mlps": torch.ones(2, dtype=torch.bool)}
    >>> steps = search(look, whole, mode="heads", heads_at_once=2, share=0.9)
    >>> [(int(step.kept["heads"].sum()), step.score, step.accepted) for step in steps]
    [(6, 2.0, True), (4, 2.0, True), (2, 2.0, True), (0, 0.0, False)]
    >>> last_accepted(steps).kept["heads"].int().tolist()
    [[1, 0, 0], [1, 0, 0]]
    """
    least = LEAST_HEADS.get(mode, 0)
    if heads_at_once < least:
        raise ValueError(f"heads_at_once = {heads_at_once}: give at least {least} for the mode {mode!r}")
    if "neurons" in mode and neurons_at_once < 1:
        raise ValueError(f"neurons_at_once = {neurons_at_once}: give at least 1 for the mode {mode!r}")
    phases = {
        "heads": [("heads", {HEADS: heads_at_once})],
        "mlps": [("MLPs", {MLPS: 1})],
        "both": [
            ("heads and MLPs", {HEADS: heads_at_once, MLPS: 1}),
            ("heads", {HEADS: heads_at_once // 2}),
            ("MLPs", {MLPS: 1}),
        ],
        "neurons": [("neurons", {NEURONS: neurons_at_once})],
        "heads and neurons": [
            ("heads and neurons", {HEADS: heads_at_once, NEURONS: neurons_at_once}),
            ("heads", {HEADS: heads_at_once // 2}),
            ("neurons", {NEURONS: neurons_at_once}),
        ],
    }[mode]
    score, importance = look(whole)
    if unranked := {kind for _, counts in phases for kind in counts} - importance.keys():
        what = {HEADS: "heads", MLPS: "MLPs", NEURONS: "neurons"}[min(unranked)]
        raise ValueError(
            f"the mode {mode!r} removes {what}, and this importance ranks heads alone: give the mode 'heads'"
        )
    steps = [Step("whole", whole, score, True, importance)]
    if not score > 0:
        return steps
    for phase, counts in phases:
        steps += _phase(look, steps, phase, counts, share * score, guarded, afresh, norm_over_removed)
    return steps


def last_accepted(steps: list[Step]) -> Step:
    """The step whose components can stay."""
    return next(step for step in reversed(steps) if step.accepted)


def _phase(look, before, phase, counts, bound, guarded, afresh, norm_over_removed) -> list[Step]:
    steps: list[Step] = []
    kept = last_accepted(before).kept
    ranked = (last_accepted(before) if afresh else before[-1]).importance
    (first, *_) = counts
    while True:
        scores = normalised(ranked, None if norm_over_removed else kept)
        smaller = dict(kept)
        for kind, count in counts.items():
            smaller[kind] = without_lowest(kept[kind], scores[kind], count, guarded=guarded and kind == HEADS)
        # A phase of heads is over when no head can go, and so is the joint one.
        if torch.equal(smaller[first], kept[first]):
            return steps
        score, ranked = look(smaller)
        steps.append(Step(phase, smaller, score, bool(score >= bound), ranked))
        if not steps[-1].accepted:
            return steps
        kept = smaller


def normalised(scores: Scores, kept: Mask | None = None) -> Scores:
    """Heads divided by the root of the sum of squares of their layer, to compare layers by; others as they are.

    kept  which heads count in the sum, and keep a finite score; None: all
    A layer in which every score is 0 keeps its zeros (Molchanov et al. 2017; Michel et al. 2019, section 2.4).
    """
    if HEADS not in scores:
        return scores
    heads = scores[HEADS].double()
    counted = heads if kept is None else torch.where(kept[HEADS], heads, 0.0)
    norm = counted.square().sum(1, keepdim=True).sqrt()
    return scores | {HEADS: heads / torch.where(norm > 0, norm, 1.0)}


def without_lowest(kept: torch.Tensor, scores: torch.Tensor, count: int, *, guarded: bool = False) -> torch.Tensor:
    """The mask of one kind of component less the `count` lowest-scoring of those it keeps, or all if it has fewer.

    Among equal scores the lower flat index goes first. With `guarded` the last of a row is passed over.
    Raises ValueError where the score of one that is kept is NaN.
    """
    if scores[kept].isnan().any():
        raise ValueError("the scores of components contain NaN, which has no rank; find where it arises")
    left = kept.flatten().clone()
    order = torch.where(left, scores.flatten().double(), torch.inf).argsort(stable=True)
    for index in order[: int(left.sum())].tolist():
        if count == 0:
            break
        row = left.view(kept.shape)[index // kept.shape[-1]] if guarded else None
        if row is None or row.sum() > 1:
            left[index] = False
            count -= 1
    return left.view(kept.shape)
