"""What a found ticket is compared with: other masks, and its mask on other weights (Chen et al. 2020, section 3)."""

from dataclasses import replace
from typing import Any, ClassVar, Literal, get_args

import pandas as pd
import torch
from accelerate.utils import set_seed
from pydantic import InstanceOf

from lottery.data.examples import seeded
from lottery.experiments import Start
from lottery.experiments.iterative_pruning import IterativePruning, Rewound
from lottery.experiments.tickets import Cut, Ticket
from lottery.masks import Mask
from lottery.models import families, opening, state
from lottery.store import Count, Run, parameters
from lottery.tasks import Task

Kind = Literal["iterative", "one_shot", "random", "random_model", "redrawn", "shuffled"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TITLES = {
    "iterative": "iterative, rewound",
    "one_shot": "one cut of the pre-trained weights",
    "random": "random mask",
    "random_model": "mask of a random model",
    "redrawn": "found mask, weights re-initialised",
    "shuffled": "found mask, layers shuffled",
}


@parameters
class Redrawn:
    """A randomly initialised model of the shape of another, its embeddings too."""

    version: ClassVar[int] = 1
    like: InstanceOf[Start]
    seed: Count

    def perform(self, run: Run) -> dict[str, Any]:
        """`model_size`, the number of its parameters."""
        source = self.like.weights(run)
        trained = opening.for_pretraining(source)
        set_seed(self.seed)
        model = type(trained)(trained.config)
        run.folder("model", lambda folder: opening.save(model, opening.tokenizer(source), folder))
        return {"model_size": state.size(model.parameters())}

    def weights(self, run: Run) -> str:
        """The folder of the model."""
        return str(run.need(self).path / "model")

    def mask(self, run: Run) -> Mask:
        """Nothing is removed."""
        return {}

    def task_named(self, name: str) -> Task:
        """The task of that name."""
        return self.like.task_named(name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task's data, as for the model whose shape it has."""
        return self.like.tables(task)


@parameters
class Shuffled:
    """A model whose layers have exchanged their six matrices, all six alike; biases, LayerNorm and the rest stay."""

    version: ClassVar[int] = 1
    like: InstanceOf[Start]
    seed: Count  # of the order

    def perform(self, run: Run) -> dict[str, Any]:
        """`order`: for each layer the number of the layer whose matrices it has now.

        Raises ValueError for a model of a single layer, which has none to exchange them with.
        """
        source = self.like.weights(run)
        model = opening.for_pretraining(source)
        layers = model.config.num_hidden_layers
        if layers < 2:
            raise ValueError("a model of one layer has no other to exchange its matrices with: give one of several")
        generator, order = seeded(self.seed), list(range(layers))
        while order == sorted(order):  # of few layers the draw often is the order that they had
            order = torch.randperm(layers, generator=generator).tolist()
        matrices = list(families.prunable(model, embeddings=False, pooler=False).values())
        each = len(matrices) // layers
        before = [matrix.detach().clone() for matrix in matrices]
        with torch.no_grad():
            for layer, taken in enumerate(order):
                for kind in range(each):
                    matrices[layer * each + kind].copy_(before[taken * each + kind])
        run.folder("model", lambda folder: opening.save(model, opening.tokenizer(source), folder))
        return {"order": order}

    def weights(self, run: Run) -> str:
        """The folder of the model."""
        return str(run.need(self).path / "model")

    def mask(self, run: Run) -> Mask:
        """Nothing is removed."""
        return {}

    def task_named(self, name: str) -> Task:
        """The task of that name."""
        return self.like.task_named(name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task's data, as for the model in its order."""
        return self.like.tables(task)


def ticket(kind: Kind, pruning: IterativePruning) -> Ticket:
    """The ticket that iterative pruning found, or a control with as many weights, found on the same start.

    iterative     the mask on the weights to which the pruning rewinds; those of the start, where it never does
    one_shot      the largest weights of the start, by one cut
    random        a mask drawn evenly, on the start
    random_model  the largest weights of a randomly initialised model, as a mask on the start: the paper's random mask
    redrawn       the found mask on a randomly initialised model
    shuffled      the found mask on the start with its layers' matrices exchanged
    """
    start = pruning.start
    # No small number: a miniature begins with the weights that its own seed draws.
    redrawn = Redrawn(like=start, seed=pruning.seed + 1000)
    cut = Cut(
        of=start,
        importance="magnitude",
        scope=pruning.scope,
        embeddings=pruning.embeddings,
        pooler=pruning.pooler,
        sparsity=pruning.sparsity,
        seed=pruning.seed,
    )
    of, kept = {
        "iterative": (Rewound(pruning=pruning) if pruning.rewind_step else start, pruning),
        "one_shot": (start, cut),
        "random": (start, replace(cut, importance="random")),
        "random_model": (start, replace(cut, of=redrawn)),
        "redrawn": (redrawn, pruning),
        "shuffled": (Shuffled(like=start, seed=pruning.seed), pruning),
    }[kind]
    return Ticket(of=of, kept=kept)
