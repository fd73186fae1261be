"""How sure a search for heads is of what it removes: importance with its error, and the cut, at every step."""

from typing import Any, ClassVar

import torch
from tqdm.auto import tqdm
from transformers import PreTrainedModel

from lottery.data.examples import seeded
from lottery.experiments.component_search import LOOKS, ComponentSearch
from lottery.masks import Mask
from lottery.pruning import component_search, components, sensitivity
from lottery.pruning.components import HEADS
from lottery.store import Count, Run, Size, parameters
from lottery.training.evaluation import Exam

OF_STEPS = ("phases", "removed_at", "left_at", "cuts", "unsure", "agree")
OF_HEADS = ("scores", "lows", "highs", "chances", "removed", "places")
UNSURE = 0.05, 0.95  # of a head: that its chance to be removed lies between these


@parameters
class CutNoise:
    """The steps of a search, judged by other examples of the same kind: those of dev resampled, with replacement.

    Prasanna et al. 2020 (arXiv:2005.00561, section 5.1) explain why searches differ: most heads are of low importance,
    and any of them could go. So sets of other heads than the lowest are removed in the first step, too.
    """

    version: ClassVar[int] = 1
    of: ComponentSearch  # by the score "sample", as printed, on dev
    resamples: Size = 200  # of the examples
    swaps: Size = 20  # other sets of heads removed in the first step, of each kind
    seed: Count = 0  # of both

    def perform(self, run: Run) -> dict[str, Any]:
        """Of each step that removes heads, accepted or not, a number; of each head that was still there, a number.

        phases, removed_at, left_at  of each step: its phase, how many heads it removed, and of how many
        cuts       between the importance of the last head removed and the first kept, over its layer's norm
        unsure     share of the heads there whose chance to be removed, as examples are resampled, is within UNSURE
        agree      share of the heads that one draw removes and another does, too, over all pairs of draws; by chance
                   removed_at / left_at
        scores, lows, highs, chances, removed  of the heads there, step after step: importance over its layer's norm,
                   the middle 95% of it and the chance to be removed as examples are resampled, and 1 where it was
        places     of these, layer * heads + head
        lowest_score, dense_score  without the heads of the first step, all MLPs kept, and with all
        half_scores, any_scores    without as many heads of the lower half of importance, or any, drawn at random
        """
        of = self.of
        if (of.importance, of.recipe, of.where, of.guarded) != ("sample", "printed", "dev", False):
            what = f"{of.importance!r}, {of.recipe!r}, {of.where!r}, guarded = {of.guarded}"
            raise ValueError(f"{what}: give a search with 'sample', 'printed' and 'dev', and without a guard")
        if self.resamples < 2:
            raise ValueError(f"resamples = {self.resamples}: two draws at least can agree")
        searched = run.need(self.of)
        looks, search = searched.read(LOOKS), searched.metrics
        model, exam = self.of.of.opened(run)
        given = exam.encoded(exam.tables["dev"])
        generator = seeded(self.seed)
        metrics: dict[str, list] = {name: [] for name in (*OF_STEPS, *OF_HEADS)}
        before, sizes = 0, None
        for look in tqdm(range(1, search["looks"]), desc="steps", leave=False, disable=None):
            kept = {name: looks[f"kept.{name}"][before] for name in components.shapes(model.config)}
            gone = kept[HEADS] & ~looks["kept.heads"][look]
            if gone.any():
                if sizes is None:
                    sizes = sensitivity.per_example(model, given, kept)[HEADS].abs()
                self._step(metrics, search["phases"][look], kept, gone, sizes, generator)
            if search["accepted"][look]:
                before, sizes = look, None
        return metrics | self._swapped(model, exam, looks, generator)

    def _step(
        self,
        metrics: dict[str, list],
        phase: str,
        kept: Mask,
        gone: torch.Tensor,
        sizes: torch.Tensor,
        generator: torch.Generator,
    ) -> None:
        count, there = int(gone.sum()), kept[HEADS]
        scores = component_search.normalised({HEADS: sizes.mean(0)}, kept)[HEADS]
        draws = self._drawn(sizes, kept, generator)
        removed = torch.stack([there & ~component_search.without_lowest(there, draw, count) for draw in draws])
        chances = removed.double().mean(0)[there]
        low, high = UNSURE
        metrics["phases"].append(phase)
        metrics["removed_at"].append(count)
        metrics["left_at"].append(int(there.sum()))
        stay = there & ~gone
        metrics["cuts"].append(float((scores[gone].max() + scores[stay].min()) / 2) if stay.any() else float("nan"))
        metrics["unsure"].append(float(((chances > low) & (chances < high)).double().mean()))
        often = chances * self.resamples
        metrics["agree"].append(float((often * (often - 1)).sum() / (self.resamples * (self.resamples - 1) * count)))
        metrics["scores"] += scores[there].tolist()
        metrics["lows"] += draws[:, there].quantile(0.025, dim=0).tolist()
        metrics["highs"] += draws[:, there].quantile(0.975, dim=0).tolist()
        metrics["chances"] += chances.tolist()
        metrics["removed"] += gone[there].int().tolist()
        metrics["places"] += there.flatten().nonzero().flatten().tolist()

    def _drawn(self, sizes: torch.Tensor, kept: Mask, generator: torch.Generator) -> torch.Tensor:
        """Importance over layers' norms from examples resampled, (resamples, layers, heads)."""
        examples = len(sizes)
        counts = torch.stack(
            [
                torch.bincount(torch.randint(examples, (examples,), generator=generator), minlength=examples)
                for _ in range(self.resamples)
            ]
        )
        flat = sizes.flatten(1).nan_to_num().double()
        means = (counts.double() @ flat / examples).view(self.resamples, *sizes.shape[1:])
        return torch.stack([component_search.normalised({HEADS: mean}, kept)[HEADS] for mean in means])

    def _swapped(
        self, model: PreTrainedModel, exam: Exam, looks: dict[str, torch.Tensor], generator: torch.Generator
    ) -> dict[str, Any]:
        """Scores with other sets of heads removed in the first step than the lowest."""
        on_dev = exam.scoring(exam.tables["dev"])
        whole = components.everything(model.config)
        importance = looks["importance.heads"][0]
        order = component_search.normalised({HEADS: importance})[HEADS].flatten().argsort(stable=True)
        count = self.of.heads_at_once(importance.numel())

        def score(places: torch.Tensor) -> float:
            heads = torch.ones(importance.numel(), dtype=torch.bool)
            heads[places] = False
            kept = whole | {HEADS: heads.view(importance.shape)}
            return on_dev(components.sliced(model, kept))

        def by_lot(among: torch.Tensor) -> list[float]:
            return [score(among[torch.randperm(len(among), generator=generator)[:count]]) for _ in range(self.swaps)]

        return {
            "dense_score": score(order[:0]),
            "lowest_score": score(order[:count]),
            "half_scores": by_lot(order[: max(count, len(order) // 2)]),
            "any_scores": by_lot(order),
        }
