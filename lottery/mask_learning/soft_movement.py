"""Soft movement: weights are fine-tuned; those stay whose score passes a threshold (Sanh et al. 2020)."""

from lottery.mask_learning import sigmoid_pull, straight_through
from lottery.mask_learning._shares import above

TITLE = "soft movement"
LEARNED, FROZEN, AIMED = True, False, False
START, STRENGTH = 0.0, 400.0
PRESSING = "ramp"
THRESHOLD = 0.1  # of sigmoid(score), in the end

gates, settled = straight_through(lambda scores, sparsity, progress: above(scores, progress * THRESHOLD))
pull = sigmoid_pull
