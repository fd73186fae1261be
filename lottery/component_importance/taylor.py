"""First-order Taylor: the change of the loss if a component were 0 (Molchanov et al. 2017, arXiv:1611.06440)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.data.examples import Examples, sorted_batches
from lottery.masks import Mask, Scores
from lottery.models import families, state
from lottery.pruning import components, sensitivity

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "weight x gradient"


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """|sum of weight x gradient| over each component's matrices, of the mean loss. The generator is not drawn from."""
    weights = families.prunable(model, embeddings=False, pooler=False)
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    gates = {name: tensor.float().to(model.device) for name, tensor in kept.items()}
    with state.frozen(model), components.gated(model, gates):
        for weight in weights.values():
            weight.requires_grad_()
        for positions in sorted_batches(examples.lengths, sensitivity.BATCH_SIZE):
            batch = {name: tensor.to(model.device) for name, tensor in examples.batch(positions).items()}
            loss = model(**batch).loss * len(positions) / len(examples)
            for name, gradient in zip(weights, torch.autograd.grad(loss, [*weights.values()]), strict=True):
                total[name] += gradient
    products = {name: weight.detach() * total[name] for name, weight in weights.items()}
    changes = components.totals(products, model.config)
    return {name: changes[name].abs().cpu() for name in kept}
