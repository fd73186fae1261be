"""How different two choices of weights are (Gordon et al. 2020, Figure 3): rows G10 and G11."""

from typing import Any, ClassVar

from pydantic import InstanceOf

from lottery import masks
from lottery.experiments import Kept
from lottery.masks import Mask
from lottery.models.families import in_order, kind_and_layer
from lottery.store import Run, parameters

APART = ("pooler", "word embeddings")  # the kinds that a mask of a model may leave uncovered


@parameters
class MaskDifference:
    """Two masks of one model's weights, compared as a whole, without the word embeddings, and by kind of matrix.

    A pooler or a table of word embeddings that only one of them covers is left out, and told.
    """

    version: ClassVar[int] = 1
    one: InstanceOf[Kept]
    other: InstanceOf[Kept]

    def perform(self, run: Run) -> dict[str, Any]:
        """How many `weights` are compared, and how much the masks differ.

        different, jaccard, kappa  as in `masks`; `chance` and `chance_jaccard` are what masks of these sparsities reach
                                   when they are drawn independently, and 0 is what kappa reaches
        different_without_embeddings  the same share over all but the word embeddings
        kinds                      the kinds of matrices, in the order of `families.in_order`, and for each of them
                                   `different_by_kind` and `kappa_by_kind`
        left_out                   the names of tensors that only one of the masks covers
        Raises ValueError where the masks are of different models, or one of them covers nothing.
        """
        one, other = self.one.mask(run), self.other.mask(run)
        if not one or not other:
            raise ValueError(
                f"of {type(self.one).__name__} and {type(self.other).__name__}, one removes nothing and has no mask: "
                "give two choices that cover weights, such as a Cut at sparsity 0"
            )
        left_out = [name for name in sorted(one.keys() ^ other.keys()) if kind_and_layer(name)[0] in APART]
        one, other = _of(one, lambda name: name not in left_out), _of(other, lambda name: name not in left_out)
        layers = [_of(mask, lambda name: kind_and_layer(name)[0] != "word embeddings") for mask in (one, other)]
        shares = masks.sparsity(one), masks.sparsity(other)
        by_kind = {}
        for kind in in_order(kind_and_layer(name)[0] for name in one):
            pair = [_of(mask, lambda name, kind=kind: kind_and_layer(name)[0] == kind) for mask in (one, other)]
            if any(pair):
                by_kind[kind] = masks.share_different(*pair), masks.kappa(*pair)
        different, kappa = zip(*by_kind.values(), strict=True)
        return {
            "weights": masks.size(one),
            "different": masks.share_different(one, other),
            "chance": masks.expected_share_different(*shares),
            "jaccard": masks.jaccard(one, other),
            "chance_jaccard": masks.expected_jaccard(*shares),
            "kappa": masks.kappa(one, other),
            "different_without_embeddings": masks.share_different(*layers),
            "kinds": list(by_kind),
            "different_by_kind": list(different),
            "kappa_by_kind": list(kappa),
            "left_out": left_out,
        }


def _of(mask: Mask, wanted) -> Mask:
    return {name: kept for name, kept in mask.items() if wanted(name)}
