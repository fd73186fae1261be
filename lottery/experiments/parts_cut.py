"""How much can go in whole parts: a fine-tuned model without some heads and neurons, evaluated as it was cut."""

from typing import Any, ClassVar, Literal

from accelerate.utils import set_seed

from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.smaller import component_scores
from lottery.masks import HEADS, NEURONS
from lottery.masks import files as mask_files
from lottery.models import slices, state
from lottery.pruning import components, ladder
from lottery.store import Count, Fraction, Run, parameters

MASK, ANSWERS = "mask.safetensors", "answers.parquet"
SEEN = 512  # examples of the training set at most, from which the importance is taken


@parameters
class PartsCut:
    """Those heads and neurons go that matter least for the weights they take; dev is only scored."""

    version: ClassVar[int] = 1
    of: FineTuning  # saved
    importance: Literal["sample", "random"]  # those of lottery/component_importance that rank neurons beside heads
    sparsity: Fraction  # of the weights of the layers' matrices; met to less than a head
    seed: Count  # of the examples that the importance is taken from, and of a random one

    def perform(self, run: Run) -> dict[str, Any]:
        """Dev scores as in `Exam.score`, and `majority`, of the majority class; the mask stays in the run's folder.

        removed, weights     weights of the layers' matrices that went, of so many
        gone, all_weights    parameters that went, biases among them, of all of the model
        heads, neurons       left, of `all_heads` and `all_neurons`
        """
        set_seed(self.seed)
        whole, exam = self.of.opened(run)
        slices.require_whole(whole)
        scores = component_scores(whole, exam, exam.tables["train"], self.seed, most=SEEN, importance=self.importance)
        kept = ladder.rung(scores, components.parameters(whole.config), self.sparsity)
        mask_files.save(
            run.path / MASK,
            kept,
            model=run.need(self.of).path.name,
            method=f"{self.importance}, for the weights taken",
            asked=self.sparsity,
            seed=self.seed,
        )
        cut = components.sliced(whole, kept)
        scores, answers = exam.score(cut)
        run.once(ANSWERS, lambda: answers)
        weights = components.matrix_weights(whole.config)
        return {
            "removed": round((1 - components.share_kept(kept, whole.config)) * weights),
            "weights": weights,
            "gone": state.size(whole.parameters()) - state.size(cut.parameters()),
            "all_weights": state.size(whole.parameters()),
            "heads": int(kept[HEADS].sum()),
            "all_heads": kept[HEADS].numel(),
            "neurons": int(kept[NEURONS].sum()),
            "all_neurons": kept[NEURONS].numel(),
            "majority": exam.majority()[exam.task.METRIC],
            **scores,
        }
