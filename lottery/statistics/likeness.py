"""How alike the hidden states of two models are, layer by layer, over texts that are never held in memory together."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

FLAT = 1e-12  # of a layer's mean square: states that vary by less differ by float32's rounding alone


class Likeness(NamedTuple):
    """What `compare` finds: one number a layer, in the order of the layers, each a mean over the tokens.

    tokens          how many were compared
    cosine          of the two states of a token, in [-1, 1]
    centred_cosine  the same once the mean state of the layer, over all tokens, is taken from each model's, in [-1, 1]
    cka             linear CKA, in [0, 1]
    """

    tokens: int
    cosine: list[float]
    centred_cosine: list[float]
    cka: list[float]


def states(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """What every layer of an encoder puts out at every token that is no padding: (layers, tokens, width).

    batch  what the encoder takes, with `attention_mask`: (examples, length) each
    The embeddings below the first layer are not among them.
    """
    layers = model(**batch, output_hidden_states=True).hidden_states[1:]
    return torch.stack(layers)[:, batch["attention_mask"].bool()]


def compare(batches: Callable[[], Iterable[tuple[Tensor, Tensor]]]) -> Likeness:
    """Mean cosine, centred cosine and linear CKA of the states of two models at the same tokens.

    batches  gives the same batches each time it is called: of either model (layers, tokens, width), of as many tokens
             as it likes
    returns  a `Likeness`

    With x and y the states of one layer in the two models, less their means over all tokens where they are centred,
    and X and Y the tables of them, (tokens, width), linear CKA is |X'Y|^2 / (|X'X| |Y'Y|), Frobenius norms of centred
    tables (Kornblith et al. 2019, arXiv:1905.00414, section 3). The cosine is the measure of Gordon et al. 2020,
    arXiv:2002.08307, figure 2.

    Two passes: the first finds the means, which a centred cosine needs before its first token; the second adds up
    products of centred states, so that nothing cancels. All is float64, on the device of the states; what is held is
    one batch and three (width, width) tables a layer. NaN where a state has no length, and, but for the cosine, where
    a model's states in a layer are all one, a single token among them. Raises ValueError where the two models' states
    differ in shape, and where there is no token.
    """
    tokens, cosine, sums = 0, 0.0, 0.0
    for one, other in _checked(batches()):
        tokens += one.shape[1]
        cosine = cosine + _cosines(one, other).sum(-1)
        sums = sums + torch.stack([one.sum(1, keepdim=True), other.sum(1, keepdim=True)])
    if not tokens:
        raise ValueError("there is no token to compare the models at: give text of one word or more")
    means = sums / tokens
    centred, crossed, within = 0.0, 0.0, 0.0
    for both in _checked(batches()):
        one, other = (states - mean for states, mean in zip(both, means, strict=True))
        centred = centred + _cosines(one, other).sum(-1)
        crossed = crossed + one.mT @ other
        within = within + torch.stack([one.mT @ one, other.mT @ other])
    spread = within.diagonal(dim1=-2, dim2=-1).sum(-1)
    flat = (spread <= FLAT * (spread + tokens * means.square().sum((-2, -1)))).any(0)
    alignment = crossed.square().sum((-2, -1)) / torch.linalg.matrix_norm(within).prod(0)
    measures = (cosine / tokens, *(values.where(~flat, torch.nan) for values in (centred / tokens, alignment)))
    return Likeness(tokens, *(values.tolist() for values in measures))


def _checked(batches: Iterable[tuple[Tensor, Tensor]]) -> Iterable[tuple[Tensor, Tensor]]:
    for one, other in batches:
        if one.shape != other.shape:
            raise ValueError(
                f"the states of the first model are {tuple(one.shape)} (layers, tokens, width) and those of the second "
                f"{tuple(other.shape)}: compare models of one shape on the same text"
            )
        yield one.double(), other.double()


def _cosines(one: Tensor, other: Tensor) -> Tensor:
    """Of each layer and token: (layers, tokens). Unlike torch's own it is NaN where a state has no length."""
    return (one * other).sum(-1) / (one.norm(dim=-1) * other.norm(dim=-1))
