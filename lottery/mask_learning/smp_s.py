"""SMP-S: as SMP-L, but matrices of one kind share what is kept by their mean scores (Jiang et al. 2023, eq. 4)."""

from lottery.mask_learning import sigmoid_pull, straight_through
from lottery.mask_learning._shares import shared

TITLE = "SMP-S"
LEARNED, FROZEN, AIMED = True, True, True
START, STRENGTH = 0.0, 400.0
PRESSING = "run"

gates, settled = straight_through(lambda scores, sparsity, progress: shared(scores, progress * sparsity))
pull = sigmoid_pull
