"""How long the heads and the neurons of a model take, each kind measured by what the model saves without half of it."""

from typing import Any, ClassVar

import torch

from lottery.experiments.fine_tuning import FineTuning
from lottery.masks import HEADS, NEURONS
from lottery.models import timing
from lottery.pruning import components, ladder
from lottery.store import Run, Size, parameters


@parameters
class ComponentTimes:
    """Times of one machine: another one does not find them again."""

    version: ClassVar[int] = 1
    of: FineTuning
    batch_size: Size  # texts read at once
    length: Size  # tokens of each
    rounds: Size = 15

    def perform(self, run: Run) -> dict[str, Any]:
        """`whole`, the seconds of the model for a batch, and what a head and a neuron of it take, `head` and `neuron`.

        The median of so many rounds, in turns; half of each layer's heads, and half of its neurons, are gone. Raises
        ValueError where the model without them was no faster.
        """
        model, _ = self.of.opened(run)
        whole = components.everything(model.config, neurons=True)
        halves = {}
        for kind in (HEADS, NEURONS):
            kept = {name: tensor.clone() for name, tensor in whole.items()}
            kept[kind][:, : max(1, kept[kind].shape[1] // 2)] = False
            halves[kind] = kept
        readers = {"whole": model.eval()}
        readers |= {kind: components.sliced(model, kept).eval() for kind, kept in halves.items()}
        found = timing.seconds(readers, timing.batch(model, self.batch_size, self.length), self.rounds)
        takes = {kind: (found["whole"] - found[kind]) / int((~kept[kind]).sum()) for kind, kept in halves.items()}
        ladder.require_times(takes)
        return {
            "whole": found["whole"],
            "head": takes[HEADS],
            "neuron": takes[NEURONS],
            "threads": torch.get_num_threads(),
        }
