"""SMP-T: weights stay as pre-trained; those stay whose score passes a threshold (Jiang et al. 2023, Table 3)."""

from lottery.mask_learning import sigmoid_pull, straight_through
from lottery.mask_learning._shares import above

TITLE = "SMP-T"
LEARNED, FROZEN, AIMED = True, True, False
START, STRENGTH = 0.0, 400.0
PRESSING = "run"
THRESHOLD = 0.1  # of sigmoid(score), in the end

gates, settled = straight_through(lambda scores, sparsity, progress: above(scores, progress * THRESHOLD))
pull = sigmoid_pull
