"""How far pruning turns the features of a model (Gordon et al. 2020, Figure 2 right): row G9."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from accelerate import Accelerator
from pydantic import InstanceOf
from torch import Tensor
from transformers import PreTrainedModel

from lottery import pruning
from lottery.data import examples
from lottery.experiments import Pretrained, Start
from lottery.models import families, opening
from lottery.statistics import likeness as features
from lottery.store import Run, Size, parameters
from lottery.training import evaluating

BATCH = 64


@parameters
class FeatureDrift:
    """The hidden states of a full and a pruned model on the same held-out text, compared after every layer.

    Nothing is hidden in the text. Every word piece counts, [CLS] and [SEP] too, padding does not.
    """

    version: ClassVar[int] = 1
    text: InstanceOf[Pretrained]  # what both models come from: its held-out text is read
    full: InstanceOf[Start]
    pruned: InstanceOf[Start]
    sequences: Size  # pairs of passages, the first of the held-out text; all of them where it has fewer

    def perform(self, run: Run) -> dict[str, Any]:
        """`tokens` compared and number of `layers`; `cosine`, `centred_cosine` and `cka` as in `features.compare`.

        Each is the mean over tokens and layers, as in the paper; a list with one for each layer follows under the same
        name and `_by_layer`. NaN in any layer makes the mean NaN.
        """
        sources = [start.weights(run) for start in (self.text, self.full, self.pruned)]
        tokenizer, *others = map(opening.tokenizer, sources)
        if any(other.get_vocab() != tokenizer.get_vocab() for other in others):
            raise ValueError(
                "the two models do not share the vocabulary of the text: give two that come from the model whose text "
                "they read"
            )
        held_out = self.text.text(run, tokenizer)[1]
        full, pruned = _encoder(self.full, run), _encoder(self.pruned, run)

        def batches() -> Iterator[tuple[Tensor, Tensor]]:
            for positions in examples.sorted_batches(held_out.lengths[: self.sequences], BATCH):
                batch = held_out.batch(positions)
                inputs = {name: batch[name].to(full.device) for name in (*held_out.sequences, "attention_mask")}
                yield features.states(full, inputs), features.states(pruned, inputs)

        with evaluating(full), evaluating(pruned):
            likeness = features.compare(batches)
        measures = {name: getattr(likeness, name) for name in ("cosine", "centred_cosine", "cka")}
        means = {name: float(np.mean(values)) for name, values in measures.items()}
        by_layer = {f"{name}_by_layer": values for name, values in measures.items()}
        return {"tokens": likeness.tokens, "layers": len(likeness.cosine)} | means | by_layer


def _encoder(start: Start, run: Run) -> PreTrainedModel:
    model = opening.encoder(start.weights(run)).to(Accelerator().device)
    pruning.remove(families.prunable(model, embeddings=True), start.mask(run))
    return model
