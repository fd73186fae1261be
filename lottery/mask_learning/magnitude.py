"""Magnitude, gradually: weights are fine-tuned; each matrix keeps the largest (Zhu & Gupta 2017, arXiv:1710.01878)."""

import torch

from lottery.mask_learning import straight_through
from lottery.masks import keep_highest_in_each

TITLE = "magnitude"
LEARNED, FROZEN, AIMED = False, False, True
START, STRENGTH = 0.0, 0.0
PRESSING = "run"

gates, settled = straight_through(lambda scores, sparsity, progress: keep_highest_in_each(scores, progress * sparsity))
pull = torch.zeros_like  # there is no score to press on
