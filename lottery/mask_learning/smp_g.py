"""SMP-G: as SMP-L, but the scores of the whole model are ranked together (Jiang et al. 2023, Table 3)."""

from lottery.mask_learning import sigmoid_pull, straight_through
from lottery.masks import keep_highest

TITLE = "SMP-G"
LEARNED, FROZEN, AIMED = True, True, True
START, STRENGTH = 0.0, 400.0
PRESSING = "run"

gates, settled = straight_through(lambda scores, sparsity, progress: keep_highest(scores, progress * sparsity))
pull = sigmoid_pull
