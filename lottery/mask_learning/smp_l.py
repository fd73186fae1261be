"""SMP-L: weights stay as pre-trained; each matrix keeps the same share, by learned scores (Jiang et al. 2023)."""

from lottery.mask_learning import sigmoid_pull, straight_through
from lottery.masks import keep_highest_in_each

TITLE = "SMP-L"
LEARNED, FROZEN, AIMED = True, True, True
START, STRENGTH = 0.0, 400.0
PRESSING = "run"

gates, settled = straight_through(lambda scores, sparsity, progress: keep_highest_in_each(scores, progress * sparsity))
pull = sigmoid_pull
