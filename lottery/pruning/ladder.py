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


def require_times(seconds: Mapping[str, float]) -> None:
    """Raise ValueError where a head or a neuron was measured to take no time, as it may be where much else goes on."""
    if not all(seconds[kind] > 0 for kind in KINDS):
        raise ValueError(
            f"a head was measured to take {seconds[HEADS]:.3g} seconds and a neuron {seconds[NEURONS]:.3g}: measure "
            "again on a machine that does less beside, or with longer texts"
        )


def rung(
    scores: Scores, seconds: Mapping[str, float], share: float, *, even: bool = False, layers: bool = False
) -> Mask:
    """What stays when a share of the time of all heads and neurons is saved, or the least more than that.

    scores   {"heads": (layers, heads), "neurons": (layers, neurons)}, in one unit, higher is more important
    seconds  {"heads": ..., "neurons": ...}, what one of each takes, > 0
    share    of the time of all of them, in [0, 1)
    even     whether all heads and equally many neurons of every layer stay, for which every program has a form
    layers   whether, where it is even, whole layers may go, too, of which then nothing stays: the least important ones,
             no more of them than it takes for some neurons to stay of every other one, for a layer costs more than the
             importance of its parts, each gone alone, adds up to

    Among equals heads go first, then what comes first in its tensor. MLPs of layers that stay do, with their last bias.
    Raises ValueError for times that are not above 0, for NaN scores, and for a share that neurons, and layers where
    they may go, do not take.

    >>> scores = {"heads": torch.tensor([[4.0, 9.0]]), "neurons": torch.tensor([[1.0, 3.0, 3.0, 1.0]])}
    >>> kept = rung(scores, {"heads": 2.0, "neurons": 1.0}, 0.5)  # of 8 seconds: both neurons of 1, then the head of 2
    >>> kept["heads"].tolist(), kept["neurons"].tolist()
    ([[False, True]], [[False, True, True, False]])
    """
    require_times(seconds)
    if any(scores[kind].isnan().any() for kind in KINDS):
        raise ValueError("the scores of components contain NaN, which has no rank; find where it arises")
    kept = {kind: torch.ones(scores[kind].shape, dtype=torch.bool) for kind in KINDS}
    kept |= {MLPS: torch.ones(len(scores[NEURONS]), dtype=torch.bool)}
    total = sum(seconds[kind] * scores[kind].numel() for kind in KINDS)
    if even:
        return _even(scores, seconds, share * total, kept, at_most=len(kept[MLPS]) - 1 if layers else 0)
    worth = torch.cat([scores[kind].flatten().double() / seconds[kind] for kind in KINDS])
    takes = torch.cat([torch.full((scores[kind].numel(),), seconds[kind], dtype=torch.float64) for kind in KINDS])
    order = worth.argsort(stable=True)
    saved = takes[order].cumsum(0)
    count = int((saved < share * total * (1 - 1e-12)).sum()) + 1 if share else 0
    flat = torch.ones(len(worth), dtype=torch.bool)
    flat[order[:count]] = False
    heads, rest = flat.split([scores[kind].numel() for kind in KINDS])
    return kept | {HEADS: heads.view(scores[HEADS].shape), NEURONS: rest.view(scores[NEURONS].shape)}


def reach(kept: Mask, seconds: Mapping[str, float], *, layers: bool) -> float:
    """The largest share of the time that an even `rung` saves, one neuron of each layer that stays left, in [0, 1).

    kept  all components of a model, as of `components.everything`; seconds, layers as for `rung`
    """
    require_times(seconds)
    count, neurons = kept[NEURONS].shape
    takes = sum(seconds[kind] * kept[kind].shape[1] for kind in KINDS)
    gone = count - 1 if layers else 0
    return (gone * takes + (count - gone) * (neurons - 1) * seconds[NEURONS]) / (count * takes)


def _even(scores: Scores, seconds: Mapping[str, float], saved: float, kept: Mask, *, at_most: int) -> Mask:
    """What stays of `kept`, all, when so many seconds are saved by equally many neurons of every layer that stays.

    at_most  layers that may go
    """
    layers, neurons = scores[NEURONS].shape
    of_layers = sum(scores[kind].double().sum(1) for kind in KINDS)
    takes = sum(seconds[kind] * scores[kind].shape[1] for kind in KINDS)
    order = of_layers.argsort(stable=True)
    for gone in range(at_most + 1):
        count = max(0, -int(-((saved - gone * takes) * (1 - 1e-12)) // ((layers - gone) * seconds[NEURONS])))
        if count < neurons:
            break
    else:
        raise ValueError(
            f"neurons take {layers * neurons * seconds[NEURONS] / (layers * takes):.0%} of the time of what can go, so "
            f"that {saved / (layers * takes):.0%} cannot be saved by taking equally many from every layer: let heads "
            "go, too"
        )
    for layer in order[:gone].tolist():
        for kind in (*KINDS, MLPS):
            kept[kind][layer] = False
    for layer in order[gone:].tolist():
        kept[NEURONS][layer] = without_lowest(kept[NEURONS][layer], scores[NEURONS][layer], count)
    return kept
