"""Where the good and the bad subnetwork of a fine-tuned model lie among many random ones, as they are cut."""

from typing import Any, ClassVar

from tqdm.auto import tqdm

from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.subnetworks import bad_beside, drawn_like
from lottery.masks import HEADS, MLPS, Mask
from lottery.pruning import components
from lottery.store import Count, Run, Size, parameters


@parameters
class RandomCuts:
    """Random subnetworks of the size of the good one of heads and MLPs, scored on dev, and nothing trained after that.

    One random subnetwork, as Prasanna et al. 2020 draw, tells what happens to that one.
    """

    version: ClassVar[int] = 1
    like: ComponentSearch
    draws: Size
    seed: Count  # of the draws, and of the bad one as of `subnetworks.Bad`

    def perform(self, run: Run) -> dict[str, Any]:
        """Scores on dev by the task's own metric; NaN where it is not defined.

        scores       of each random subnetwork
        good_heads, good_mlps  of each, how many of the good one's it has
        dense_score, good_score, bad_score  of the full model, the good and the bad subnetwork
        majority     of the majority-class baseline
        heads, mlps  that each subnetwork keeps, of all_heads and all_mlps
        """
        good = self.like.mask(run)
        model, exam = self.like.of.opened(run)
        score = exam.scoring(exam.tables["dev"])

        def cut(kept: Mask) -> float:
            return score(components.sliced(model, kept))

        drawn = [drawn_like(good, self.seed, draw) for draw in range(self.draws)]
        return {
            "scores": [cut(kept) for kept in tqdm(drawn, desc="random cuts", leave=False, disable=None)],
            "good_heads": [int((kept[HEADS] & good[HEADS]).sum()) for kept in drawn],
            "good_mlps": [int((kept[MLPS] & good[MLPS]).sum()) for kept in drawn],
            "dense_score": score(model),
            "good_score": cut(good),
            "bad_score": cut(bad_beside(good, self.seed)),
            "majority": exam.majority()[exam.task.METRIC],
            "heads": int(good[HEADS].sum()),
            "mlps": int(good[MLPS].sum()),
            "all_heads": good[HEADS].numel(),
            "all_mlps": good[MLPS].numel(),
        }
