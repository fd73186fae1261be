"""Training until a held-out score has stopped rising, for data of which nobody knows how long it takes."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

FLOOR = 300  # updates before a training may end: a few epochs of a small file are a few updates
CEILING = 3000  # updates after which it ends, unless three epochs take longer
PATIENCE = 5  # looks in a row at which the score was not the highest so far


class Plan(NamedTuple):
    """How long a training goes on, in optimiser updates.

    every    between two looks at the held-out score
    floor    before which it does not end
    ceiling  after which it ends, whether or not the score still rises
    """

    every: int
    floor: int
    ceiling: int


def plan(per_epoch: int) -> Plan:
    """The plan for a training set that takes `per_epoch` updates, 1 or more, to be seen once.

    >>> plan(14), plan(2000)
    (Plan(every=25, floor=300, ceiling=3000), Plan(every=100, floor=300, ceiling=6000))
    """
    return Plan(every=min(100, max(25, per_epoch)), floor=FLOOR, ceiling=max(CEILING, 3 * per_epoch))


class EarlyStopping:
    """What `training.train` calls after each step so that it ends in time; `restore` then puts the best weights back.

    model    the one that is trained; a copy of its weights is kept
    score    () -> the held-out score, higher is better; NaN, where it is not defined, counts as the lowest
    plan     when it is looked at, and when a training may and has to end
    carried  tensors for `train` to keep in its checkpoints, so that a resumed training ends as an undisturbed one

    A training ends after the floor once PATIENCE looks in a row found no higher score (Prechelt 1998, Early Stopping:
    But When?, doi:10.1007/3-540-49430-8_3, the criterion UP on a score).
    """

    def __init__(self, model: nn.Module, score: Callable[[], float], plan: Plan) -> None:
        self.model, self.score, self.plan = model, score, plan
        looks = plan.ceiling // plan.every
        self.carried = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        self.scores = self.carried["held_out scores"] = torch.full((looks,), math.nan, dtype=torch.float64)

    def __call__(self, step: int) -> bool:
        """Whether the training ends here, after `step` updates."""
        look, between = divmod(step, self.plan.every)
        if between:
            return step >= self.plan.ceiling
        value = self.score()
        before = self.scores[: look - 1]
        self.scores[look - 1] = value if value == value else -math.inf
        if look == 1 or self.scores[look - 1] > before.max():
            for name, tensor in self.model.state_dict().items():
                self.carried[name].copy_(tensor)
        since = look - 1 - int(self.scores[:look].argmax())
        return step >= self.plan.ceiling or (step >= self.plan.floor and since >= PATIENCE)

    @property
    def best(self) -> int:
        """The updates after which the score was highest first; 0 before the first look."""
        seen = self.scores[~self.scores.isnan()]
        return (int(seen.argmax()) + 1) * self.plan.every if len(seen) else 0

    @property
    def risen(self) -> bool:
        """Whether the score still rose when the ceiling ended the training: it is not trained out."""
        seen = self.scores[~self.scores.isnan()]
        return bool(len(seen) == len(self.scores) and len(seen) - 1 - int(seen.argmax()) < PATIENCE)

    def restore(self) -> None:
        """Give the model the weights with which the score was highest; as they are where it was never looked at."""
        if self.best:
            own = {name: tensor for name, tensor in self.carried.items() if name != "held_out scores"}
            self.model.load_state_dict(own)
