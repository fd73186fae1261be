"""Masks under the Trainer of transformers: one that is held while it trains, and one that is learned."""

from contextlib import ExitStack
from typing import Any

import torch
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from lottery import pruning, schedules
from lottery.choices import choose
from lottery.masks import Mask
from lottery.models import families
from lottery.training import mask_training


class MaskHeld(TrainerCallback):
    """Holds a mask while a Trainer trains: what it removes is exactly 0 after every step, as in `pruning.held`.

    mask  {name below the encoder: zeros and ones}, as of `families.prunable`; True, or 1, is kept
    `train` raises ValueError for the mask of another model.
    """

    def __init__(self, mask: Mask):
        self.mask = mask
        self._inside = ExitStack()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """Begin to hold it."""
        weights = dict(given["model"].base_model.named_parameters())
        self._inside.enter_context(pruning.held(weights, self.mask, _bare(given["optimizer"])))

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        """What was removed stays 0 until it is trained again."""
        self._inside.close()


class MaskLearned(TrainerCallback):
    """Has a Trainer learn a mask over the matrices of a model's layers, by a file in lottery/mask_learning.

    model        on the device where it is trained
    method       a name in lottery/mask_learning
    sparsity     share of the weights that goes; of methods that do not aim at one, how far they come
    score_rate   learning rate of the scores
    weight_rate  of all else that is trained: the head, and what the method does not freeze
    strength     of the regulariser; None: as published

    The Trainer is given `optimizers=(learned.optimizer, None)`, too. Sparsity, or a method's threshold, rises to
    the end. The Trainer clips the gradients of the model's own parameters and so not those of the scores. After
    `train` the model's weights are those under the mask, and `mask` tells what stays.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        method: str,
        sparsity: float,
        *,
        score_rate: float,
        weight_rate: float,
        strength: float | None = None,
    ):
        self.sparsity = sparsity
        self.weights = families.prunable(model, embeddings=False, pooler=False)
        self.learner = mask_training.learner(choose("mask_learning", method), self.weights)
        self.optimizer = mask_training.optimizer(
            model, self.weights, self.learner, score_rate=score_rate, weight_rate=weight_rate, head=True
        )
        self.strength = self.learner.method.STRENGTH if strength is None else strength
        self._inside = ExitStack()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """Begin to learn. Raises ValueError where the Trainer was not given the optimizer."""
        if _bare(given["optimizer"]) is not self.optimizer:
            raise ValueError("the scores are not trained: give the Trainer `optimizers=(learned.optimizer, None)`, too")
        rise = schedules.rise(steps=state.max_steps)
        constant = self.learner.method.PRESSING == "constant"
        self._inside.enter_context(
            mask_training.learning(
                given["model"],
                self.weights,
                self.learner,
                self.optimizer,
                sparsity=self.sparsity,
                progress=rise,
                strength=lambda step: self.strength * (1 if constant else rise(step)),
            )
        )

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        """The model's weights become those under the mask."""
        self._inside.close()

    @property
    def mask(self) -> Mask:
        """What stays, as the scores are now."""
        return mask_training.kept(self.learner, self.sparsity)


def _bare(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """The optimiser itself, where accelerate has put something around it."""
    return getattr(optimizer, "optimizer", optimizer)
