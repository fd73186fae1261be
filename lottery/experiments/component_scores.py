"""The importance of a fine-tuned model's heads and MLPs by one score."""

from typing import Any, ClassVar, Literal

import torch

from lottery.choices import choose, named
from lottery.data.examples import seeded
from lottery.experiments.fine_tuning import FineTuning
from lottery.pruning import components
from lottery.pruning.component_search import normalised
from lottery.store import Count, Run, parameters


@parameters
class ComponentScores:
    """Scores of the full model by which its components are ranked.

    Prasanna et al. 2020 take them on the task's dev set, Liang et al. 2021 on what the model was trained on.
    """

    version: ClassVar[int] = 1
    of: FineTuning
    importance: named("component_importance")
    order: Count = 0  # the examples are shuffled by this seed; 0: as they are
    seed: Count = 0  # of a random score
    where: Literal["dev", "train"] = "dev"  # the examples

    def perform(self, run: Run) -> dict[str, Any]:
        """The scores, as lists.

        head_scores, mlp_scores  of heads, layer by layer, and of MLPs, [] where the score has none
        normalised               those of heads over their layer's norm
        layers                   their number
        """
        model, exam = self.of.opened(run)
        table = exam.tables[self.where]
        if self.order:
            order = torch.randperm(len(table), generator=seeded(self.order))
            table = table.iloc[order.tolist()].reset_index(drop=True)
        given = exam.encoded(table)
        scorer = choose("component_importance", self.importance)
        scores = scorer.score(model, given, components.everything(model.config), seeded(self.seed))
        return {
            "head_scores": scores["heads"].flatten().tolist(),
            "mlp_scores": scores["mlps"].tolist() if "mlps" in scores else [],
            "normalised": normalised(scores)["heads"].flatten().tolist(),
            "layers": model.config.num_hidden_layers,
        }
