"""The importance of a fine-tuned model's heads and MLPs by one score."""

from typing import Any, ClassVar

import torch

from lottery import components, evaluation
from lottery.choices import choose, named
from lottery.component_search import normalised
from lottery.examples import seeded
from lottery.experiments.fine_tuning import FineTuning
from lottery.runs import Count, Run, parameters


@parameters
class ComponentScores:
    """Scores of the whole model on the task's dev set, which Prasanna et al. 2020 rank its components by."""

    version: ClassVar[int] = 1
    of: FineTuning
    importance: named("component_importance")
    order: Count = 0  # the dev set is shuffled by this seed; 0: as it is
    seed: Count = 0  # of a random score

    def perform(self, run: Run) -> dict[str, Any]:
        """The scores, as lists.

        head_scores, mlp_scores  of heads, layer by layer, and of MLPs, [] where the score has none
        normalised               those of heads over their layer's norm
        layers                   their number
        """
        task, model, tokenizer, tables = self.of.opened(run)
        dev = tables["dev"]
        if self.order:
            order = torch.randperm(len(dev), generator=seeded(self.order))
            dev = dev.iloc[order.tolist()].reset_index(drop=True)
        given = evaluation.encoded(task, dev, tokenizer, self.of.max_length)
        scorer = choose("component_importance", self.importance)
        scores = scorer.score(model, given, components.everything(model.config), seeded(self.seed))
        return {
            "head_scores": scores["heads"].flatten().tolist(),
            "mlp_scores": scores["mlps"].tolist() if "mlps" in scores else [],
            "normalised": normalised(scores)["heads"].flatten().tolist(),
            "layers": model.config.num_hidden_layers,
        }
