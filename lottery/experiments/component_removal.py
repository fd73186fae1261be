"""What the dev loss of a fine-tuned model rises by when a head, an MLP or a pair of heads is removed."""

from typing import Any, ClassVar

import torch

from lottery.data.examples import seeded
from lottery.experiments.fine_tuning import FineTuning
from lottery.masks import HEADS, MLPS, Mask
from lottery.pruning import components, removal
from lottery.store import Count, Run, parameters


@parameters
class ComponentRemoval:
    """Every head and every MLP removed alone, and some pairs of heads: the importance that the scores estimate.

    Nothing is trained. The loss is that of the dev set, on which Prasanna et al. 2020 take their scores, too.
    """

    version: ClassVar[int] = 1
    of: FineTuning
    pairs: Count  # of heads, drawn without replacement from all of them; where there are fewer, all
    seed: Count  # of the draw

    def perform(self, run: Run) -> dict[str, Any]:
        """Losses are means over the examples, in nats, of a regression in squared units.

        loss           of the full model
        head_rises, mlp_rises      what it rises by without each head, layer by layer, and without each MLP
        head_errors, mlp_errors    standard errors of these over the examples
        head_halves, mlp_halves    the same rises over a half of the examples alone, drawn; of an odd number, the larger
        pair_heads     of each pair two numbers, layer * heads + head, pair after pair
        pair_rises     without both heads of each pair
        pair_mores     how much more that is than the two rises together, and pair_errors, its standard error
        examples, layers           their numbers
        """
        model, exam = self.of.opened(run)
        given = exam.encoded(exam.tables["dev"])
        whole = components.everything(model.config)
        alone = [_without(whole, name, place) for name in (HEADS, MLPS) for place in range(whole[name].numel())]
        heads = whole[HEADS].numel()
        every = torch.combinations(torch.arange(heads))
        pairs = every[torch.randperm(len(every), generator=seeded(self.seed))[: self.pairs]]
        both = [_without(whole, HEADS, pair) for pair in pairs]
        losses = removal.losses(model, given, [whole, *alone, *both]).double()
        rises = losses[1:] - losses[0]
        single, paired = rises[: len(alone)], rises[len(alone) :]
        more = paired - single[pairs].sum(1)
        # Neighbours in a data set may be two halves of one question: every second example would be no drawn half.
        half = torch.randperm(len(given), generator=seeded(self.seed))[: -(-len(given) // 2)]
        metrics: dict[str, Any] = {
            "loss": float(losses[0].mean()),
            "pair_heads": pairs.flatten().tolist(),
            "pair_rises": paired.mean(1).tolist(),
            "pair_mores": more.mean(1).tolist(),
            "pair_errors": _errors(more),
            "examples": len(given),
            "layers": model.config.num_hidden_layers,
        }
        for kind, some in (("head", single[:heads]), ("mlp", single[heads:])):
            metrics |= {
                f"{kind}_rises": some.mean(1).tolist(),
                f"{kind}_errors": _errors(some),
                f"{kind}_halves": some[:, half].mean(1).tolist(),
            }
        return metrics


def _without(whole: Mask, name: str, places: int | torch.Tensor) -> Mask:
    left = whole[name].flatten().clone()
    left[places] = False
    return whole | {name: left.view(whole[name].shape)}


def _errors(values: torch.Tensor) -> list[float]:
    return (values.std(1) / values.shape[1] ** 0.5).tolist()
