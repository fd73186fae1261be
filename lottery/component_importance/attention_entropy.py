"""Attention entropy: a head matters more the fewer tokens it looks at. A score of heads alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.attention import maps as attention_maps
from lottery.data.examples import Examples, sorted_batches
from lottery.masks import Mask, Scores
from lottery.models import state
from lottery.pruning import sensitivity
from lottery.pruning.components import HEADS

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "sharpness of attention"


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """How far attention is from even, in nats: mean over tokens and examples of log(length) - entropy, >= 0.

    The generator is not drawn from, and no gate is set: attention is that of the full model.
    """
    total = torch.zeros(model.config.num_hidden_layers, model.config.num_attention_heads)
    with attention_maps.eager(model), state.frozen(model), torch.inference_mode():
        for positions in sorted_batches(examples.lengths, sensitivity.BATCH_SIZE):
            batch = examples.inputs(positions, model.device)
            real = batch["attention_mask"].float()
            for layer, attention in enumerate(model(**batch, output_attentions=True).attentions):
                entropy = torch.special.entr(attention).sum(-1)  # (batch, heads, tokens)
                over = (entropy * real[:, None]).sum(-1) / real.sum(-1)[:, None]
                total[layer] += (real.sum(-1).log()[:, None] - over).sum(0).cpu()
    return {HEADS: total / len(examples)}
