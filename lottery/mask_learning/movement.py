"""Movement: weights are fine-tuned; each matrix keeps those that training moves away from 0 (Sanh et al. 2020)."""

from lottery.mask_learning import sigmoid_pull, straight_through
from lottery.masks import keep_highest_in_each

TITLE = "movement"
LEARNED, FROZEN, AIMED = True, False, True
START, STRENGTH = 0.0, 0.0
PRESSING = "run"

gates, settled = straight_through(lambda scores, sparsity, progress: keep_highest_in_each(scores, progress * sparsity))
pull = sigmoid_pull
