"""Ways to make an encoder smaller, by a share of what it has: heads, neurons, both, whole layers, or single weights.

Beside those of this package stand what else is done: the upper layers left out (Sajjad et al. 2023,
arXiv:2004.03844), layers between left out (as where DistilBERT begins, Sanh et al. 2019, arXiv:1910.01108), heads and
neurons as the library Torch-Pruning chooses them (Fang et al. 2023, arXiv:2301.12900), and single weights set to zero,
which saves neither time nor bytes.
"""

from __future__ import annotations

import copy
import importlib.util
from typing import TYPE_CHECKING, Literal

import torch

from lottery import masks, pruning
from lottery.masks import HEADS, NEURONS, Mask, Scores
from lottery.models import families, slices, timing
from lottery.pruning import components

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Way = Literal["nothing", "heads", "neurons", "both", "first_layers", "spread_layers", "zeros", "torch_pruning"]
SCORED = {"heads": (HEADS,), "neurons": (NEURONS,), "both": (HEADS, NEURONS)}
PACKAGE = "torch_pruning"  # of the extra `bench`


def smaller(model: PreTrainedModel, way: Way, share: float, scores: Scores) -> tuple[PreTrainedModel, Mask]:
    """A copy of a model from which a share is gone, and what has to be held at zero where it is trained on.

    share   of the heads, of the neurons, of the layers or of the layers' weights, in [0, 1)
    scores  {"heads": (layers, heads), "neurons": (layers, neurons)} for the ways in SCORED, ranked over all layers
    The mask is of single weights, {} for every other way. Raises ValueError as `layers` and `by_torch_pruning`.
    """
    if way in SCORED or way == "torch_pruning":
        kept = components.everything(model.config, neurons=True)
        if way == "torch_pruning":
            kept |= by_torch_pruning(model, share)
        else:
            kept |= {kind: masks.keep_highest({kind: scores[kind]}, share)[kind] for kind in SCORED[way]}
        return components.sliced(model, kept), {}
    small = copy.deepcopy(model)
    if way == "zeros":
        weights = families.prunable(small, embeddings=False, pooler=False)
        mask = masks.keep_highest({name: weight.detach().abs() for name, weight in weights.items()}, share)
        pruning.remove(weights, mask)
        return small, mask
    if way != "nothing":
        slices.drop_layers(small, layers(way, model.config.num_hidden_layers, share))
    return small, {}


def layers(way: Way, count: int, share: float) -> torch.Tensor:
    """Which of so many layers stay, (count,) bool: round(share * count) go, in Python's rounding.

    first_layers   those at the top go
    spread_layers  those that stay are spread evenly from the first to the last
    Raises ValueError where none would stay.

    >>> layers("first_layers", 6, 0.5).nonzero().flatten().tolist()
    [0, 1, 2]
    >>> layers("spread_layers", 6, 0.5).nonzero().flatten().tolist()
    [0, 2, 5]
    """
    stay = count - round(share * count)
    if not stay:
        raise ValueError(f"of {count} layers a share of {share:g} leaves none: give a smaller share")
    places = range(stay) if way == "first_layers" else torch.linspace(0, count - 1, stay).round().int().tolist()
    kept = torch.zeros(count, dtype=torch.bool)
    kept[[*places]] = True
    return kept


def by_torch_pruning(model: PreTrainedModel, share: float) -> Mask:
    """The heads and neurons that Torch-Pruning leaves, as many in each layer, by the size of their weights.

    returns  {"heads": (layers, heads), "neurons": (layers, neurons)}, bool, read off from what it cuts
    Raises ValueError where the package is not there, and for a family whose layers it is not told of here.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        raise ValueError("the way torch_pruning takes the package Torch-Pruning: pip install 'lottery[bench]'")
    if model.config.model_type not in ("bert", "roberta", "electra"):
        raise ValueError(f"Torch-Pruning is set up here for BERT, RoBERTa and ELECTRA, not {model.config.model_type!r}")
    import torch_pruning

    whole = model.base_model
    heads = model.config.num_attention_heads
    with torch.inference_mode(False), torch.enable_grad():  # it follows gradients, and without them cuts nothing
        cut = copy.deepcopy(whole).eval()
        attentions = [layer.attention.self for layer in cut.encoder.layer]
        # Each of the three has to be told of, or no head goes.
        grouped = {linear: heads for each in attentions for linear in (each.query, each.key, each.value)}
        torch_pruning.pruner.MagnitudePruner(
            cut,
            example_inputs=timing.batch(model, 2, 8),
            importance=torch_pruning.importance.MagnitudeImportance(p=1),
            pruning_ratio=share,
            num_heads=grouped,
            prune_num_heads=True,
            prune_head_dims=False,
            head_pruning_ratio=share,
            root_module_types=[torch.nn.Linear],
            ignored_layers=[layer.output.dense for layer in cut.encoder.layer],
            output_transform=lambda output: output.last_hidden_state,
        ).step()
    pairs = [*zip(whole.encoder.layer, cut.encoder.layer, strict=True)]
    of_heads = [_left(one.attention.self.query, other.attention.self.query).view(heads, -1) for one, other in pairs]
    if any((own.any(1) != own.all(1)).any() for own in of_heads):
        raise ValueError("Torch-Pruning has cut heads in pieces, which this package cannot do")
    return {
        HEADS: torch.stack([own.all(1) for own in of_heads]),
        NEURONS: torch.stack([_left(one.intermediate.dense, other.intermediate.dense) for one, other in pairs]),
    }


def _left(whole: torch.nn.Linear, cut: torch.nn.Linear) -> torch.Tensor:
    """Which rows of a matrix are in the one that was cut out of it."""
    rows = {row.numpy().tobytes() for row in cut.weight.detach().cpu()}
    return torch.tensor([row.numpy().tobytes() in rows for row in whole.weight.detach().cpu()])
