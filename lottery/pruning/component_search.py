"""Searching for the heads and MLPs that a fine-tuned model can do without (Prasanna et al. 2020, arXiv:2005.00561).

The least important components go, a few at a time, as long as the score stays at or above a bound. Removing both kinds
takes three phases (Appendix B): heads and one MLP together; then half as many heads at a time; then one MLP at a time.
A step that falls below the bound is taken back and ends its phase.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from lottery.masks import Mask, Scores
from lottery.pruning.components import HEADS, MLPS

Mode = Literal["heads", "mlps", "both"]
Look = Callable[[Mask], tuple[float, Scores]]


@dataclass(frozen=True)
class Step:
    """One look of a search.

    phase       "whole", "heads and MLPs", "heads" or "MLPs"
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
) -> list[Step]:
    """Every look at the model, in order; the last accepted step holds what can stay.

    look              kept -> its score, and the importance of its components, higher is more
    whole             the mask that keeps everything
    heads_at_once     that go in one step, in the mode "both" half of them (rounded down) in its second phase
    share             of the whole model's score that has to be reached, in (0, 1]
    guarded           True: a layer never loses its last head
    afresh            True: after a step back the next phase ranks by what was seen before that step; False, as in the
                      released code, by what was seen after it, where the heads just taken back are ranked too
    norm_over_removed True, as in the released code: heads already removed count in their layer's norm

    Where the whole model's score is not above 0, or not defined, a share of it is no bound: then there is one step.
    Raises ValueError where fewer than one head, or in the mode "both" fewer than two, would go at once, and where the
    importance does not rank what is to be removed.

    >>> def look(kept):  # a model in which only the first head of each layer counts
    ...     return float(kept["heads"][:, 0].sum()), {"heads": torch.tensor([[0.9, 0.1, 0.2], [0.8, 0.3, 0.0]])}
    >>> whole = {"heads": torch.ones(2, 3, dtype=torch.bool), "mlps": torch.ones(2, dtype=torch.bool)}
    >>> steps = search(look, whole, mode="heads", heads_at_once=2, share=0.9)
    >>> [(int(step.kept["heads"].sum()), step.score, step.accepted) for step in steps]
    [(6, 2.0, True), (4, 2.0, True), (2, 2.0, True), (0, 0.0, False)]
    >>> last_accepted(steps).kept["heads"].int().tolist()
    [[1, 0, 0], [1, 0, 0]]
    """
    if heads_at_once < (2 if mode == "both" else 1) and mode != "mlps":
        raise ValueError(
            f"heads_at_once = {heads_at_once}: give at least {2 if mode == 'both' else 1} for the mode {mode!r}"
        )
    score, importance = look(whole)
    if mode != "heads" and MLPS not in importance:
        raise ValueError(
            f"the mode {mode!r} removes MLPs, and this importance ranks heads alone: give the mode 'heads'"
        )
    steps = [Step("whole", whole, score, True, importance)]
    if not score > 0:
        return steps
    phases = {
        "heads": [("heads", heads_at_once, 0)],
        "mlps": [("MLPs", 0, 1)],
        "both": [("heads and MLPs", heads_at_once, 1), ("heads", heads_at_once // 2, 0), ("MLPs", 0, 1)],
    }[mode]
    for phase, heads, mlps in phases:
        steps += _phase(look, steps, phase, heads, mlps, share * score, guarded, afresh, norm_over_removed)
    return steps


def last_accepted(steps: list[Step]) -> Step:
    """The step whose components can stay."""
    return next(step for step in reversed(steps) if step.accepted)


def _phase(look, before, phase, heads, mlps, bound, guarded, afresh, norm_over_removed) -> list[Step]:
    steps: list[Step] = []
    kept = last_accepted(before).kept
    ranked = (last_accepted(before) if afresh else before[-1]).importance
    while True:
        scores = normalised(ranked, None if norm_over_removed else kept)
        smaller = dict(kept)
        if heads:
            smaller[HEADS] = without_lowest(kept[HEADS], scores[HEADS], heads, guarded=guarded)
        if mlps:
            smaller[MLPS] = without_lowest(kept[MLPS], scores[MLPS], mlps)
        # A phase of heads is over when no head can go, and so is the joint one.
        if torch.equal(smaller[HEADS if heads else MLPS], kept[HEADS if heads else MLPS]):
            return steps
        score, ranked = look(smaller)
        steps.append(Step(phase, smaller, score, bool(score >= bound), ranked))
        if not steps[-1].accepted:
            return steps
        kept = smaller


def normalised(scores: Scores, kept: Mask | None = None) -> Scores:
    """Heads divided by the root of the sum of squares of their layer, so that layers can be compared; MLPs as they are.

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
