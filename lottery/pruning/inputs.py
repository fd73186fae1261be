"""What the matrices of a model multiply while it reads texts: what a score goes by that sees data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from tqdm.auto import tqdm

from lottery.data.examples import Examples, sorted_batches
from lottery.models.state import frozen

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BATCH_SIZE = 64


def moments(
    model: PreTrainedModel, examples: Examples, names: Iterable[str], *, batch_size: int = BATCH_SIZE
) -> dict[str, Tensor]:
    """The mean over tokens of the outer product of a matrix's input with itself, in one forward pass, dropout off.

    names    of matrices below the encoder, as of `families.prunable`; a table of embeddings has no input and is left
             out
    returns  {name: (in, in)}, float32, on the model's device. Tokens that pad are left out; a matrix that reads one
             vector of an example, as the pooler does, counts that one
    """
    encoder = model.base_model
    layers = {name: encoder.get_submodule(name.removesuffix(".weight")) for name in names}
    layers = {name: layer for name, layer in layers.items() if not isinstance(layer, torch.nn.Embedding)}
    sums: dict[str, Tensor] = {}
    counts = dict.fromkeys(layers, 0)
    real: Tensor  # of the batch that is being read, (batch, tokens), which of its tokens do not pad

    def adding(name: str):
        def add(layer: torch.nn.Module, given: tuple[Tensor, ...]) -> None:
            rows = (given[0][real] if given[0].ndim == 3 else given[0]).float()
            counts[name] += len(rows)
            sums[name] = torch.addmm(sums[name], rows.T, rows) if name in sums else rows.T @ rows

        return add

    handles = [layer.register_forward_pre_hook(adding(name)) for name, layer in layers.items()]
    try:
        with frozen(model), torch.no_grad():
            batches = list(sorted_batches(examples.lengths, batch_size))
            for positions in tqdm(batches, desc="reading texts", leave=False, disable=None):
                batch = examples.inputs(positions, model.device)
                real = batch["attention_mask"].bool()
                encoder(**batch)
    finally:
        for handle in handles:
            handle.remove()
    return {name: total / counts[name] for name, total in sums.items()}
