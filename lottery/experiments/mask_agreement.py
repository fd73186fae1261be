"""How far two masks agree on weights, and how much of that follows from what they leave of matrices and of rows: X5."""

from typing import Any, ClassVar

import numpy as np
from pydantic import InstanceOf

from lottery import masks
from lottery.experiments import Kept
from lottery.statistics import agreement
from lottery.store import Run, parameters


@parameters
class MaskAgreement:
    """Two masks of the same matrices, found with different seeds, on different tasks or by different methods."""

    version: ClassVar[int] = 1
    one: InstanceOf[Kept]
    other: InstanceOf[Kept]

    def perform(self, run: Run) -> dict[str, Any]:
        """Likeness of the two, as in `masks` and `agreement.kappa_within`.

        jaccard, by_lot  weights that both keep over those that either keeps, and that of such masks by chance
        kappa            Cohen's, beyond what the sizes give
        in_matrices, in_rows, in_columns  beyond what the shares of each matrix, of each row, of each column give
        kappa_sd, in_matrices_sd, in_rows_sd, in_columns_sd  of each if weights were kept at random within those shares
        Raises ValueError where the masks are of different matrices.
        """
        one, other = self.one.mask(run), self.other.mask(run)
        likeness = {
            "jaccard": masks.jaccard(one, other),
            "by_lot": masks.expected_jaccard(masks.sparsity(one), masks.sparsity(other)),
        }
        for name, grouped in GROUPS.items():
            kappa = agreement.kappa_within(
                *(grouped([mask[each].numpy() for each in sorted(one)]) for mask in (one, other))
            )
            likeness |= {name: kappa.kappa, f"{name}_sd": kappa.sd}
        return likeness


GROUPS = {
    "kappa": lambda matrices: [np.concatenate([matrix.ravel() for matrix in matrices])[None]],
    "in_matrices": lambda matrices: [matrix.reshape(1, -1) for matrix in matrices],
    "in_rows": lambda matrices: matrices,
    "in_columns": lambda matrices: [matrix.T for matrix in matrices],
}
