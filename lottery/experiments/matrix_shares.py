"""What a mask removes from each matrix: even under local thresholds, uneven under a global one."""

from typing import Any, ClassVar

from pydantic import InstanceOf

from lottery import masks
from lottery.experiments import Kept
from lottery.store import Run, parameters


@parameters
class MatrixShares:
    """The share of its weights that every matrix loses."""

    version: ClassVar[int] = 1
    kept: InstanceOf[Kept]

    def perform(self, run: Run) -> dict[str, Any]:
        """Three lists in one order: names of the `matrices`, their `sizes` in weights, and the `shares` removed."""
        mask = self.kept.mask(run)
        return {
            "matrices": list(mask),
            "sizes": [kept.numel() for kept in mask.values()],
            "shares": [masks.sparsity({name: kept}) for name, kept in mask.items()],
        }
