"""Whole models whose tickets tell what a found mask owes to the pre-trained weights (Chen et al. 2020, section 3)."""

from typing import Any, ClassVar

import pandas as pd
import torch
from accelerate.utils import set_seed
from pydantic import InstanceOf

from lottery import models
from lottery.examples import seeded
from lottery.experiments import Start
from lottery.masks import Mask
from lottery.runs import Count, Run, parameters
from lottery.tasks import Task


@parameters
class Redrawn:
    """A model of the shape of another, with every weight drawn anew, the embeddings too."""

    version: ClassVar[int] = 1
    like: InstanceOf[Start]
    seed: Count

    def perform(self, run: Run) -> dict[str, Any]:
        """`model_size`, the number of its parameters."""
        source = self.like.weights(run)
        trained = models.for_pretraining(source)
        set_seed(self.seed)
        model = type(trained)(trained.config)
        run.folder("model", lambda folder: models.save(model, models.tokenizer(source), folder))
        return {"model_size": sum(parameter.numel() for parameter in model.parameters())}

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
        model = models.for_pretraining(source)
        layers = model.config.num_hidden_layers
        if layers < 2:
            raise ValueError("a model of one layer has no other to exchange its matrices with: give one of several")
        generator, order = seeded(self.seed), list(range(layers))
        while order == sorted(order):  # of few layers the draw often is the order that they had
            order = torch.randperm(layers, generator=generator).tolist()
        matrices = list(models.prunable(model, embeddings=False, pooler=False).values())
        each = len(matrices) // layers
        before = [matrix.detach().clone() for matrix in matrices]
        with torch.no_grad():
            for layer, taken in enumerate(order):
                for kind in range(each):
                    matrices[layer * each + kind].copy_(before[taken * each + kind])
        run.folder("model", lambda folder: models.save(model, models.tokenizer(source), folder))
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
