"""Super tickets: what is left when the least important heads and MLPs go at once (Liang et al. 2021, arXiv:2105.12002).

The mask is found on a fine-tuned model and meant for the pre-trained one: the ticket is trained again from there.
"""

from typing import ClassVar, Literal

import torch

from lottery.data.examples import seeded
from lottery.experiments.component_scores import ComponentScores
from lottery.experiments.fine_tuning import FineTuning
from lottery.masks import Mask, Scores
from lottery.pruning.component_search import normalised, without_lowest
from lottery.pruning.components import HEADS, MLPS
from lottery.store import Count, Run, Size, parameters


def sizes(tenths: int, *, heads: int, mlps: int) -> tuple[int, int]:
    """How many heads and MLPs go at a level: so many tenths of the heads, and twelfths of the MLPs.

    The first are rounded down, the second to the nearest number, halves to the even one, so that of three MLPs level 2
    takes none. For BERT-base they are the paper's, from 14 of 144 heads with 1 of 12 MLPs to 115 with 8.
    """
    return heads * tenths // 10, round(mlps * tenths / 12)


@parameters
class SuperTicket:
    """The heads and MLPs of one level.

    super     the most important are kept
    reversed  the least important are
    random    any are

    The recipe `printed` removes exactly as many as the level says. `released` does as the authors' code: batches count
    the more the earlier they come (`token_sum_running`), a layer keeps a head whatever happens, and what is removed at
    random is drawn with replacement, so that it is fewer heads and MLPs than the level says.
    """

    version: ClassVar[int] = 1
    of: FineTuning
    tenths: Size  # the level, from 1 to 9: see `sizes`
    which: Literal["super", "random", "reversed"] = "super"
    recipe: Literal["printed", "released"] = "printed"
    seed: Count = 0  # of a random ticket

    @property
    def preceding(self) -> list[ComponentScores]:
        """The importance it goes by, on train."""
        name = "token_sum" if self.recipe == "printed" else "token_sum_running"
        return [ComponentScores(of=self.of, importance=name, where="train")]

    def mask(self, run: Run) -> Mask:
        """The components kept. Raises ValueError for a level that leaves none."""
        if self.tenths > 9:
            raise ValueError(f"tenths = {self.tenths}: give 1 to 9, the tenths of the heads that go")
        metrics = run.need(*self.preceding).metrics
        scores = {
            HEADS: torch.tensor(metrics["head_scores"]).view(metrics["layers"], -1),
            MLPS: torch.tensor(metrics["mlp_scores"]),
        }
        heads, mlps = sizes(self.tenths, heads=scores[HEADS].numel(), mlps=scores[MLPS].numel())
        gone = {HEADS: heads, MLPS: mlps}
        generator, released = seeded(self.seed), self.recipe == "released"
        if self.which == "random" and released:
            return {name: _drawn_again(score.shape, gone[name], generator) for name, score in scores.items()}
        return {
            name: without_lowest(_whole(score.shape), score, gone[name], guarded=released and name == HEADS)
            for name, score in self._ranked(scores, generator).items()
        }

    def _ranked(self, scores: Scores, generator: torch.Generator) -> Scores:
        if self.which == "random":
            return {name: torch.rand(score.shape, generator=generator) for name, score in scores.items()}
        ranked = normalised(scores)
        return ranked if self.which == "super" else {name: -score for name, score in ranked.items()}


def _drawn_again(shape: torch.Size, count: int, generator: torch.Generator) -> torch.Tensor:
    """A mask less `count` places drawn with replacement."""
    kept = _whole(shape)
    kept.view(-1)[torch.randint(kept.numel(), (count,), generator=generator)] = False
    return kept


def _whole(shape: torch.Size) -> torch.Tensor:
    return torch.ones(shape, dtype=torch.bool)
