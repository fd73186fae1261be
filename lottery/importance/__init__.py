"""Importance of single weights: one file a score, each with `score(weights, moments, generator)` and SEES_DATA.

`moments` are what `pruning.inputs.moments` collects of the texts that a model reads: {name: (in, in)}, the mean over
tokens of the outer product of a matrix's input with itself. A score that says SEES_DATA asks for them; others are given
{} and rank by the weights alone. A file may offer `update(weights, mask, moments)`, too: what the weights that stay are
to be so that they make up for those that go.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic
import torch

from lottery.choices import choose, listed, offered

Moments = Mapping[str, torch.Tensor]


def of_inputs(name: str, weight: torch.Tensor, moments: Moments) -> torch.Tensor:
    """The moments of a matrix's inputs: (in, in), on the device of its weights and in their type.

    Raises ValueError where there are none, as of a table of embeddings, which multiplies no input.
    """
    if name not in moments:
        raise ValueError(
            f"nothing is known of the inputs of {name!r}: this score takes those of every matrix, read from texts; a "
            "table of embeddings has none"
        )
    return moments[name].to(weight)


def sees_data(name: str) -> bool:
    """Whether a score asks for texts. Raises ValueError for one that is not there."""
    return choose("importance", name).SEES_DATA


def check(name: str, *, texts: bool, embeddings: bool, given_by: str) -> None:
    """Raise ValueError where a score and what it is given do not belong together.

    texts       whether there are some for it to read
    embeddings  whether word embeddings are among what is scored, which multiply no input
    given_by    what gives the texts where it was called, such as "--texts FILE"
    """
    if sees_data(name) and not texts:
        raise ValueError(f"importance = {name!r} goes by texts that the model reads: give some by {given_by}")
    if texts and not sees_data(name):
        raise ValueError(f"importance = {name!r} goes by the weights alone: leave out {given_by}")
    if texts and embeddings:
        raise ValueError(f"importance = {name!r} goes by what a matrix multiplies: leave the word embeddings out")


def _blind(name: str) -> str:
    if sees_data(name):
        blind = [other for other in offered("importance") if not sees_data(other)]
        raise ValueError(f"{name!r} goes by texts that the model reads, and here are none: give {listed(blind)}")
    return name


Blind: Any = Annotated[str, pydantic.AfterValidator(_blind)]  # the type of a parameter that names a score without texts
