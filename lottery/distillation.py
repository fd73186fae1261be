"""Learning from a teacher's answers as well as from the labels (Hinton et al. 2015, arXiv:1503.02531)."""

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import kl_div

from lottery.examples import Batch

Recipe = Literal["printed", "released"]
TEMPERATURE = 2.0  # of the released recipe
TEACHER = "teacher"  # the name in a batch under which the teacher's scores of its examples come


def guided(recipe: Recipe, share: float = 0.5) -> Callable[[nn.Module, Batch], Tensor]:
    """A loss for `training.train`: batches hold the TEACHER's scores, (batch, classes), beside what the model takes.

    printed   the model's own loss + KL(student || teacher) (Jiang et al. 2023, eq. 7)
    released  1 - share of the model's own loss + share of T^2 KL(teacher || student), both softened at the temperature
              T = 2; share is half in Jiang et al. 2023 and 0.9 in CAP (Xu et al. 2022)
    In nats, the mean over the batch.
    """

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        teacher = batch[TEACHER]
        output = model(**{name: tensor for name, tensor in batch.items() if name != TEACHER})
        student = output.logits.float()
        if recipe == "printed":
            return output.loss + _divergence(of=student.log_softmax(-1), from_=teacher.log_softmax(-1))
        soft = _divergence(of=(teacher / TEMPERATURE).log_softmax(-1), from_=(student / TEMPERATURE).log_softmax(-1))
        return (1 - share) * output.loss + share * TEMPERATURE**2 * soft

    return loss


def _divergence(*, of: Tensor, from_: Tensor) -> Tensor:
    """KL(of || from_) of log-probabilities, the mean over the batch."""
    return kl_div(from_, of, reduction="batchmean", log_target=True)
