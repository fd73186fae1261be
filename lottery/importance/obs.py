"""Optimal brain surgeon, a row at a time (Hassibi & Stork 1993; Frantar & Alistarh 2023, arXiv:2301.00774).

Each row of a matrix is a least-squares problem of its own: how far does its output move over the texts read, when some
of its weights go and the others make up for it as well as they can? Its Hessian is that of the inputs, the same for
every row.
"""

import torch
from torch import Tensor

from lottery.importance import Moments, of_inputs

SEES_DATA = True
DAMPING = 0.01  # of the mean of the Hessian's diagonal, added to all of it, as in the authors' code
TOLERANCE = 1e-3  # of the gradient of each row's error, in a scale of its own, as against that of the weights cut
MOST = 200  # rounds; a matrix of BERT's takes some tens


def score(weights: dict[str, Tensor], moments: Moments, generator: torch.Generator) -> dict[str, Tensor]:
    """weight^2 / [H^-1]_jj: {name: (out, in)}, >= 0: how much the squared output error rises when it alone goes.

    H is the moments of the inputs, damped, and all other weights of the row make up for the one that goes (Hassibi &
    Stork 1993, equation 5, without the factor a half). Raises ValueError where the moments of a matrix are missing.
    """
    return {
        name: weight.detach().square() / _inverse_diagonal(_hessian(name, weight, moments))
        for name, weight in weights.items()
    }


def update(weights: dict[str, Tensor], mask: dict[str, Tensor], moments: Moments) -> dict[str, Tensor]:
    """What the weights that stay are to be so that every row's output moves least: {name: (out, in)}, 0 where cut.

    mask     {name: (out, in)} bool, True = kept
    returns  of each row w the v with v = 0 outside the mask that makes (w - v) H (w - v)^T smallest

    Solved by conjugate gradients, all rows of a matrix at once, where the authors go from column to column and leave
    the columns behind as they are. Raises as `score`.
    """
    return {
        name: _least_squares(weights[name].detach(), kept.to(weights[name]), _hessian(name, weights[name], moments))
        for name, kept in mask.items()
    }


def _hessian(name: str, weight: Tensor, moments: Moments) -> Tensor:
    inputs = of_inputs(name, weight.detach(), moments)
    # An input that is always 0 would leave nothing to invert.
    damping = DAMPING * inputs.diagonal().mean().clamp_min(torch.finfo(inputs.dtype).tiny)
    return inputs + damping * torch.eye(len(inputs), dtype=inputs.dtype, device=inputs.device)


def _inverse_diagonal(hessian: Tensor) -> Tensor:
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(hessian.double()))
    return inverse.diagonal().to(hessian.dtype)


def _least_squares(whole: Tensor, kept: Tensor, hessian: Tensor) -> Tensor:
    """Conjugate gradients within the mask, preconditioned by the Hessian's diagonal, from the weights that stay."""
    scale = hessian.diagonal()
    found = whole * kept
    residual = ((whole - found) @ hessian) * kept
    direction = residual / scale
    size = (residual * direction).sum(1, keepdim=True)
    enough = TOLERANCE**2 * size
    for _ in range(MOST):
        if (size <= enough).all():
            break
        curved = (direction @ hessian) * kept
        step = torch.where(size > enough, size / (direction * curved).sum(1, keepdim=True), 0.0)
        found = found + step * direction
        residual = residual - step * curved
        before, size = size, (residual * residual / scale).sum(1, keepdim=True)
        direction = residual / scale + torch.where(before > 0, size / before, 0.0) * direction
    return found
