"""The share of each attention head that pruning removes (Gordon et al. 2020, Figure 4, left)."""

from typing import Any, ClassVar

import numpy as np
from pydantic import InstanceOf

from lottery import masks, pruning
from lottery.experiments import Kept, Start
from lottery.models import families, opening
from lottery.store import Run, parameters


@parameters
class HeadShares:
    """What a mask leaves of the heads of a model, beside what it would leave if it were drawn within each matrix."""

    version: ClassVar[int] = 1
    kept: InstanceOf[Kept]
    of: InstanceOf[Start]  # the model that the mask is of

    def perform(self, run: Run) -> dict[str, Any]:
        """Shares removed of each head's weights, as by `families.by_head`.

        shares    one a head, layer by layer
        layers    their number
        mean, lowest, highest, sd  over the heads, sd as of a whole population
        chance_sd  root of the mean square that sd would have, if in each matrix as many weights went, but any of them
        """
        source = self.of.weights(run)
        config = opening.configuration(source)
        weights = opening.encoder_weights(source, embeddings=True)
        mask = self.kept.mask(run)
        pruning.check(weights, mask)
        kept = pruning.everything(weights) | mask
        heads = families.by_head(kept, config)
        shares = np.array([1 - part.double().mean().item() for part in heads.values()])
        by_layer = shares.reshape(config.num_hidden_layers, config.num_attention_heads)
        return {
            "shares": shares.tolist(),
            "layers": config.num_hidden_layers,
            "mean": shares.mean(),
            "lowest": shares.min(),
            "highest": shares.max(),
            "sd": shares.std(),
            # What goes of a layer is fixed, so its heads vary about a mean that does not; the layers differ as they do.
            "chance_sd": float(np.sqrt(_variance_by_chance(kept, config).mean() + by_layer.mean(axis=1).var())),
        }


def _variance_by_chance(kept: dict, config) -> np.ndarray:
    """The variance of a head's share in each layer, where each matrix loses as many weights, but drawn evenly."""
    place = families.FAMILIES[config.model_type].layers
    variances = []
    for layer in range(config.num_hidden_layers):
        drawn, own = 0.0, 0
        for part in families.parts(config):
            if part.of != masks.HEADS:
                continue
            mask = kept[f"{place}.{layer}.{part.module}.weight"]
            size, gone = mask.numel(), masks.sparsity({"": mask})
            one = size // config.num_attention_heads
            drawn += one * gone * (1 - gone) * (size - one) / (size - 1)  # hypergeometric
            own += one
        variances.append(drawn / own**2)
    return np.array(variances)
