"""The loss of each example without some components: what every score of their importance is an estimate of.

Below the lowest component that is removed a model computes what it computes whole, so these layers are computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from lottery.data.examples import Examples, sorted_batches
from lottery.masks import Mask, boolean
from lottery.models.state import frozen
from lottery.pruning import components
from lottery.pruning.sensitivity import example_losses

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BATCH_SIZE = 256


def losses(model: PreTrainedModel, examples: Examples, kept: Sequence[Mask], *, batch_size: int = BATCH_SIZE) -> Tensor:
    """The loss of every example with each of several masks of components, the gates of the rest at 0 and dropout off.

    kept     the masks, as of `components.everything`
    returns  (masks, n), float32 on the CPU, in the examples' order; in nats, or squared units for a regression

    Raises ValueError for a mask of another model.
    """
    for mask in kept:
        components.check(mask, model.config)
    gates = [{name: part.float().to(model.device) for name, part in boolean(mask).items()} for mask in kept]
    lowest = [_lowest(mask) for mask in kept]
    blocks = components.blocks(model)
    found = torch.full((len(kept), len(examples)), torch.nan)
    batches = list(sorted_batches(examples.lengths, batch_size))
    with frozen(model), torch.inference_mode():
        for positions in tqdm(batches, desc="removal", leave=False, disable=None):
            batch = {name: tensor.to(model.device) for name, tensor in examples.batch(positions).items()}
            with _recorded(blocks) as outputs:
                whole = example_losses(model, batch).float().cpu()
            for place, (gate, layer) in enumerate(zip(gates, lowest, strict=True)):
                if layer == len(blocks):
                    found[place, positions] = whole
                    continue
                with _given(blocks[:layer], outputs), components.gated(model, gate):
                    found[place, positions] = example_losses(model, batch).float().cpu()
    return found


def _lowest(kept: Mask) -> int:
    """The lowest layer that something is removed from; the number of layers where nothing is."""
    whole = torch.stack([part.reshape(len(part), -1).all(1) for part in boolean(kept).values()]).all(0)
    return int(whole.long().cumprod(0).sum())


@contextmanager
def _recorded(blocks: Sequence[nn.Module]) -> Iterator[list[Any]]:
    """What each layer gives back in the one forward pass inside the block, in their order."""
    outputs: list[Any] = []
    handles = [block.register_forward_hook(lambda _, inputs, output: outputs.append(output)) for block in blocks]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _given(blocks: Sequence[nn.Module], outputs: Sequence[Any]) -> Iterator[None]:
    """Inside the block these layers give back what is given and compute nothing."""
    for block, output in zip(blocks, outputs, strict=False):
        block.forward = lambda *_, output=output, **__: output
    try:
        yield
    finally:
        for block in blocks:
            del block.forward
