"""How many bytes a mask takes, by several codes: rows J14 and X6."""

import lzma
import zlib
from typing import Any, ClassVar

from pydantic import InstanceOf

from lottery import masks
from lottery.data.examples import seeded
from lottery.experiments import Kept
from lottery.masks import Mask
from lottery.masks import coding as mask_coding
from lottery.store import Count, Fraction, Run, Size, parameters


@parameters
class ByLot:
    """A mask without any structure, of the matrices of a BERT's layers: every weight stays with the same chance."""

    version: ClassVar[int] = 1
    layers: Size
    width: Size  # of the stream; that of the feed-forward network is four times this, as in BERT
    sparsity: Fraction
    seed: Count

    def mask(self, run: Run) -> Mask:
        """Exactly the share of all weights together goes."""
        one, four = self.width, 4 * self.width
        matrices = {"query": (one, one), "key": (one, one), "value": (one, one), "attention output": (one, one)}
        matrices |= {"intermediate": (four, one), "output": (one, four)}
        shapes = {f"{layer}.{name}": shape for layer in range(self.layers) for name, shape in matrices.items()}
        return masks.keep_random(shapes, self.sparsity, seeded(self.seed))


@parameters
class MaskSizes:
    """The bytes of one mask by every code."""

    version: ClassVar[int] = 1
    kept: InstanceOf[Kept]

    def perform(self, run: Run) -> dict[str, Any]:
        """Of so many `weights` how many `stay`, and in bytes, without the header of a file:

        bound    the entropy of the share kept, as in `mask_coding.entropy`
        by_row   the sum of the rows' own entropies, as if their shares were known for nothing
        bits     one bit a weight, every matrix filled up to whole bytes, as in `masks.pack`
        zlib, lzma  these bits after the two compressors of the standard library
        entropy  as in `mask_coding.encode`, with everything that `decode` needs beside the shapes
        """
        mask = self.kept.mask(run)
        bits = b"".join(packed.numpy().tobytes() for packed in masks.pack(mask).values())
        rows = [row for kept in mask.values() for row in kept.flatten(end_dim=-2)]
        return {
            "weights": masks.size(mask),
            "stay": sum(int(kept.count_nonzero()) for kept in mask.values()),
            "bound": mask_coding.entropy(mask) / 8,
            "by_row": sum(mask_coding.entropy({"": row}) for row in rows) / 8,
            "bits": len(bits),
            "zlib": len(zlib.compress(bits, level=9)),
            "lzma": len(lzma.compress(bits)),
            "entropy": mask_coding.size(mask_coding.encode(mask)),
        }
