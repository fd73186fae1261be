"""Learned masks: one file a method, which tells from scores what each weight is multiplied by.

A file has the names of `Method`. Scores and gates are {name: (out, in)}, named as the weights of
`families.prunable`. The scores of most methods are parameters that are trained; those of magnitude are the sizes of the
weights. How far a method has come is its `progress`, from 0 to 1: with it the sparsity rises, or the threshold that
stands in its place.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from torch import Tensor

from lottery.masks import Mask, Scores

Pressing = Literal["ramp", "run", "constant"]


class Gates(NamedTuple):
    """What weights are multiplied by in one step of training.

    values  {name: (out, in)}: bool, True where the weight stays, or floats in [0, 1]
    slopes  {name: (out, in)}, the derivative of each value by its score; None where the step from score to value has
            none and the gradient is passed on as it comes (straight through: Bengio et al. 2013, arXiv:1308.3432)
    """

    values: dict[str, Tensor]
    slopes: dict[str, Tensor] | None


class Method(Protocol):
    """A file of this folder."""

    TITLE: str  # what it is called
    LEARNED: bool  # whether scores are trained; else the score of a weight is its size
    FROZEN: bool  # whether weights keep the values they came with
    AIMED: bool  # whether it aims at the sparsity asked for; else that follows from how strong the regulariser is
    START: float  # the score that all weights begin with, where scores are trained
    STRENGTH: float  # of the regulariser, as published; 0 for none
    PRESSING: Pressing  # whether that rises with the sparsity or threshold, over the whole run, or not, as released

    def gates(self, scores: Scores, sparsity: float, progress: float) -> Gates:
        """The gates of a step. Noise is drawn from torch's global generator, as dropout's is."""

    def settled(self, scores: Scores, sparsity: float) -> dict[str, Tensor]:
        """What weights are multiplied by when training is over, as `Gates.values`."""

    def pull(self, score: Tensor) -> Tensor:
        """The derivative of a score's part of the regulariser, the same shape: what presses it down."""


def straight_through(keep: Callable[[Scores, float, float], Mask]) -> tuple[Callable, Callable]:
    """`gates` and `settled` of a method whose gates are the mask keep(scores, sparsity, progress)."""

    def gates(scores: Scores, sparsity: float, progress: float) -> Gates:
        return Gates(keep(scores, sparsity, progress), None)

    def settled(scores: Scores, sparsity: float) -> Mask:
        return keep(scores, sparsity, 1.0)

    return gates, settled


def sigmoid_pull(score: Tensor) -> Tensor:
    """The derivative of sigmoid(score), whose mean is the regulariser of Jiang et al. 2023 and Sanh et al. 2020."""
    squashed = score.sigmoid()
    return squashed - squashed.square()
