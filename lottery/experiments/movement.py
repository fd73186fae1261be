"""How far training moves the weights of a model in the order of their magnitudes (Gordon et al. 2020, section 4.3)."""

from typing import Any, ClassVar

import torch
from pydantic import InstanceOf

from lottery.data.examples import seeded
from lottery.experiments import Start
from lottery.models import families, opening
from lottery.statistics import ranks
from lottery.store import Count, Run, parameters


@parameters
class Movement:
    """The order of magnitudes in every matrix before and after, beside what noise of the same size would do to it."""

    version: ClassVar[int] = 1
    before: InstanceOf[Start]
    after: InstanceOf[Start]
    embeddings: bool  # whether the table of word embeddings counts, too; in the paper it does not
    seed: Count  # of the noise

    def perform(self, run: Run) -> dict[str, Any]:
        """Movement as shares of a matrix's size, as in `ranks`, over all weights and by `matrices`, which have `sizes`.

        mean, sd             over all weights
        mean_by_matrix, sd_by_matrix  over those of one matrix
        by_start, by_end     shares of the whole movement in 100 bins of the rank before, and after; NaN if none moved
        low_tenth, high_tenth  means over the weights in the lowest, and in the highest, tenth of ranks before
        noise_...            the same, if every weight had moved by normal noise with its matrix's mean square change
        """
        before, after = _of_one_shape(*(self._weights(start, run) for start in (self.before, self.after)))
        generator = seeded(self.seed)
        noised = {}
        for name, weight in before.items():
            size = (after[name] - weight).square().mean().sqrt()
            noised[name] = weight + size * torch.randn(weight.shape, generator=generator)
        moved = _measured(before, after)
        noise = {f"noise_{what}": value for what, value in _measured(before, noised).items()}
        sizes = [weight.numel() for weight in before.values()]
        return {"matrices": list(before), "sizes": sizes} | moved | noise

    def _weights(self, start: Start, run: Run) -> dict[str, torch.Tensor]:
        return opening.encoder_weights(start.weights(run), embeddings=self.embeddings)


def _of_one_shape(before: dict, after: dict) -> tuple[dict, dict]:
    """Both with the matrices that both have: a model under a head that reads spans has no pooler."""
    pooler = f"{families.POOLER}.weight"
    names = [name for name in before if name in after]
    if (before.keys() ^ after.keys()) - {pooler} or any(before[name].shape != after[name].shape for name in names):
        raise ValueError(
            "the models before and after are not of one shape, so that their weights do not correspond: give a model "
            "and one that was trained from it"
        )
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def _measured(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> dict[str, Any]:
    parts, by_start, by_end, tenths, sizes = [], 0, 0, 0, 0
    for name, weight in before.items():
        start, end = ranks.ranks(weight.abs()), ranks.ranks(after[name].abs())
        distances = ranks.distances(start, end)
        parts.append(ranks.moved(distances))
        by_start = by_start + ranks.moved_in_bins(distances, start)
        by_end = by_end + ranks.moved_in_bins(distances, end)
        tenths = tenths + ranks.moved_in_bins(distances, start, 10)
        sizes = sizes + torch.bincount(start.long() * 10 // start.numel(), minlength=10)
    together = ranks.pooled(parts)
    return {
        "mean": together.mean,
        "sd": together.sd,
        "mean_by_matrix": [part.mean for part in parts],
        "sd_by_matrix": [part.sd for part in parts],
        "by_start": (by_start / by_start.sum()).tolist(),
        "by_end": (by_end / by_end.sum()).tolist(),
        "low_tenth": (tenths / sizes)[0].item(),
        "high_tenth": (tenths / sizes)[-1].item(),
    }
