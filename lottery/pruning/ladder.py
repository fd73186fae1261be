"""A ladder of smaller models: at each rung those components are gone that matter least for the time they take.

A head and a neuron save different times, so the least important ones of both kinds together are not the best to take:
what counts is importance for each second saved. How long one takes is measured (`lottery.models.timing`), for it
depends on the machine, the length of the texts and how many are read at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from lottery.masks import HEADS, MLPS, NEURONS, Mask, Scores
from lottery.pruning.component_search import without_lowest

KINDS = (HEADS, NEURONS)


def rung(scores: Scores, seconds: Mapping[str, float], share: float, *, even: bool = False) -> Mask:
    """What stays when a share of the time of all heads and neurons is saved, or the least more than that.

    scores   {"heads": (layers, heads), "neurons": (layers, neurons)}, in one unit, higher is more important
    seconds  {"heads": ..., "neurons": ...}, what one of each takes, > 0
    share    of the time of all of them, in [0, 1)
    even     whether all heads and equally many neurons of every layer stay, for which every program has a form

    Among equals heads go first, then what comes first in its tensor. MLPs stay, with their last bias. Raises ValueError
    for times that are not above 0, for NaN scores, and for a share that neurons alone do not take.

    >>> scores = {"heads": torch.tensor([[4.0, 9.0]]), "neurons": torch.tensor([[1.0, 3.0, 3.0, 1.0]])}
    >>> kept = rung(scores, {"heads": 2.0, "neurons": 1.0}, 0.5)  # of 8 seconds: both neurons of 1, then the head of 2
    >>> kept["heads"].tolist(), kept["neurons"].tolist()
    ([[False, True]], [[False, True, True, False]])
    """
    if not all(seconds[kind] > 0 for kind in KINDS):
        raise ValueError(
            f"a head was measured to take {seconds[HEADS]:.3g} seconds and a neuron {seconds[NEURONS]:.3g}: measure "
            "again on a machine that does less beside, or with longer texts"
        )
    if any(scores[kind].isnan().any() for kind in KINDS):
        raise ValueError("the scores of components contain NaN, which has no rank; find where it arises")
    layers, neurons = scores[NEURONS].shape
    kept = {kind: torch.ones(scores[kind].shape, dtype=torch.bool) for kind in KINDS}
    kept |= {MLPS: torch.ones(layers, dtype=torch.bool)}
    total = sum(seconds[kind] * scores[kind].numel() for kind in KINDS)
    if even:
        of_neurons = seconds[NEURONS] * scores[NEURONS].numel() / total
        count = -int(-(share * total / (layers * seconds[NEURONS])) // 1)  # rounded up
        if count >= neurons:
            raise ValueError(
                f"neurons take {of_neurons:.0%} of the time of what can go, so that {share:.0%} cannot be saved by "
                "taking equally many from every layer: let heads go, too"
            )
        for row, own in zip(kept[NEURONS], scores[NEURONS], strict=True):
            row[:] = without_lowest(row, own, count)
        return kept
    worth = torch.cat([scores[kind].flatten().double() / seconds[kind] for kind in KINDS])
    takes = torch.cat([torch.full((scores[kind].numel(),), seconds[kind], dtype=torch.float64) for kind in KINDS])
    order = worth.argsort(stable=True)
    saved = takes[order].cumsum(0)
    count = int((saved < share * total * (1 - 1e-12)).sum()) + 1 if share else 0
    flat = torch.ones(len(worth), dtype=torch.bool)
    flat[order[:count]] = False
    heads, rest = flat.split([scores[kind].numel() for kind in KINDS])
    return kept | {HEADS: heads.view(scores[HEADS].shape), NEURONS: rest.view(scores[NEURONS].shape)}
