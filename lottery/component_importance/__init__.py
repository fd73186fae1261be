"""Importance of heads, MLPs and neurons: one file a score, each with `score(model, examples, kept, generator)`.

A score is {"heads": (layers, heads), "mlps": (layers,)}, float, the higher the more important, with "neurons": (layers,
neurons) where `kept` names them; a score of attention has heads alone. `kept` says which components there are; of the
others the score may be NaN. A file whose score is made of the gradients of single examples alone is `OfGradients`, too.
Each has a TITLE, what a reader calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from lottery.masks import Scores


@runtime_checkable
class OfGradients(Protocol):
    """A score that whoever has the gradients already takes of them: a file with `of`."""

    def of(self, gradients: Scores) -> Scores:
        """The score, of the gradients of the gates of n examples: {"heads": (n, layers, heads), "mlps": (n, layers)}.

        They are those of `sensitivity.per_example`, in the order of the data.
        """
