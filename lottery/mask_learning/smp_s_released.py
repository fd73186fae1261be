"""SMP-S as released: milder shares where much is kept, and what a matrix cannot hold is lost (Jiang et al. 2023)."""

from lottery.mask_learning import sigmoid_pull, straight_through
from lottery.mask_learning._shares import shared_with_loss
from lottery.masks import Mask, Scores

TITLE = "SMP-S, released"
LEARNED, FROZEN, AIMED = True, True, True
START, STRENGTH = 0.0, 400.0
PRESSING = "run"
MILD, LITTLE = 4.0, 0.3  # the temperature, and the highest sparsity in the end at which it applies


def keep(scores: Scores, sparsity: float, progress: float) -> Mask:
    """The mask; sparsity is that of the end."""
    return shared_with_loss(scores, progress * sparsity, temperature=MILD if sparsity <= LITTLE else 1.0)


gates, settled = straight_through(keep)
pull = sigmoid_pull
