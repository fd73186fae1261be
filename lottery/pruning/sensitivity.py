"""How the loss of each single example would change with each component: exact, in one backward pass a batch.

The gate xi of a component multiplies its output; its gradient at xi = 1 is what Michel et al. 2019 (arXiv:1905.10650,
equation 2) call the sensitivity. With a gate of its own for every example of a batch, the gradient of the *summed* loss
is every example's own, since no example's gate reaches another's loss. Only activations need gradients: the weights
are frozen meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss
from tqdm.auto import tqdm

from lottery.data.examples import IGNORED, Batch, Examples, sorted_batches
from lottery.masks import NEURONS, Mask, Scores, boolean
from lottery.models.state import frozen
from lottery.pruning import components

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BATCH_SIZE = 64


def per_example(
    model: PreTrainedModel,
    examples: Examples,
    kept: Mask,
    *,
    removed_too: bool = False,
    batch_size: int = BATCH_SIZE,
) -> Scores:
    """dL/dxi of every example and component, dropout off.

    kept         which gates stand at 1, the others at 0; neurons have gates where it names them
    removed_too  False: the others are cut out, which is faster, and have the gradient NaN; True: they have that at 0
    returns      {"heads": (n, layers, heads), "mlps": (n, layers)}, and "neurons": (n, layers, neurons) where `kept`
                 names them, float32 on the CPU, in the examples' order; L in nats, or squared units for a regression
    """
    kept = boolean(kept)
    present = components.everything(model.config, neurons=NEURONS in kept) if removed_too else components.nested(kept)
    scores = _unknown(kept, len(examples))
    for positions, gradients, _ in _gradients(model, examples, kept, present, batch_size, by_token=False):
        for name, gradient in gradients.items():
            scores[name][positions] = torch.where(present[name], gradient[:, 0].cpu(), torch.nan)
    return scores


def per_token(model: PreTrainedModel, examples: Examples, kept: Mask, *, batch_size: int = BATCH_SIZE) -> Scores:
    """Sum over an example's tokens of |dL/dxi|, where every token has a gate of its own; otherwise as `per_example`."""
    kept = components.nested(kept)
    scores = _unknown(kept, len(examples))
    for positions, gradients, tokens in _gradients(model, examples, kept, kept, batch_size, by_token=True):
        for name, gradient in gradients.items():
            here = tokens.reshape(*tokens.shape, *[1] * (gradient.ndim - 2))
            scores[name][positions] = torch.where(kept[name], (gradient.abs() * here).sum(1).cpu(), torch.nan)
    return scores


def _unknown(kept: Mask, count: int) -> Scores:
    return {name: torch.full((count, *tensor.shape), torch.nan) for name, tensor in kept.items()}


def _gradients(
    model: PreTrainedModel, examples: Examples, kept: Mask, present: Mask, batch_size: int, *, by_token: bool
) -> Iterator[tuple[list[int], Scores, Tensor]]:
    """Of each batch the examples' positions, the gradients of their gates, and which tokens are real.

    present   the components not cut out, among which are all that are kept
    by_token  gradients {"heads": (batch, tokens, layers, heads), "mlps": (batch, tokens, layers)}, else tokens is 1;
              those of neurons likewise
    """
    model = components.sliced(model, present)
    values = {name: tensor.float().to(model.device) for name, tensor in kept.items()}
    batches = list(sorted_batches(examples.lengths, batch_size))
    with frozen(model):
        for positions in tqdm(batches, desc="importance", leave=False, disable=None):
            batch = {name: tensor.to(model.device) for name, tensor in examples.batch(positions).items()}
            tokens = batch["attention_mask"]
            each = (len(positions), tokens.shape[1] if by_token else 1)
            gates = {name: value.expand(*each, *value.shape).clone().requires_grad_() for name, value in values.items()}
            with components.gated(model, gates, present):
                loss = example_losses(model, batch).sum()
            gradients = torch.autograd.grad(loss, [*gates.values()], materialize_grads=True)
            yield positions, dict(zip(gates, gradients, strict=True)), tokens


def example_losses(model: PreTrainedModel, batch: Batch) -> Tensor:
    """The loss of each example of a batch as if it were alone, (n,), by its labels or the places of its span.

    In nats; of a model with one output the squared error; of tags the mean over the example's words.
    """
    places = ("start_positions", "end_positions")
    targets = {name: batch[name] for name in ("labels", *places) if name in batch}
    output = model(**{name: tensor for name, tensor in batch.items() if name not in targets})
    if "labels" in targets:
        labels = targets["labels"]
        if labels.ndim == 2:
            words = cross_entropy(output.logits.mT, labels, reduction="none", ignore_index=IGNORED)
            return words.sum(1) / (labels != IGNORED).sum(1).clamp(min=1)
        if output.logits.shape[-1] == 1:
            return mse_loss(output.logits[:, 0], labels.view(-1).to(output.logits.dtype), reduction="none")
        return cross_entropy(output.logits, labels.view(-1), reduction="none")
    # The model's own loss of a span lets the padding of a longer neighbour compete with an example's tokens.
    padding = batch["attention_mask"] == 0
    parts = zip((output.start_logits, output.end_logits), places, strict=True)
    return sum(
        cross_entropy(logits.masked_fill(padding, -torch.inf), targets[name], reduction="none") / 2
        for logits, name in parts
    )
