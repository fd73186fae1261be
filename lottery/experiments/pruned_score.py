"""What a fine-tuned model scores when part of it is removed and nothing is trained after that."""

from typing import Any, ClassVar, Literal

from pydantic import InstanceOf

from lottery import masks, pruning
from lottery.experiments import Kept
from lottery.experiments.fine_tuning import FineTuning
from lottery.models import families
from lottery.pruning import components
from lottery.store import Run, parameters


@parameters
class PrunedScore:
    """A fine-tuned model less everything outside a mask of components or of weights.

    Of components the recipe `printed` leaves what their gates at 0 leave. Under `released`, as in the code of Prasanna
    et al. 2020, the attention of a layer without heads adds nothing at all, not even the bias of its output matrix.
    """

    version: ClassVar[int] = 1
    of: FineTuning
    kept: InstanceOf[Kept]
    recipe: Literal["printed", "released"] = "printed"

    def perform(self, run: Run) -> dict[str, Any]:
        """Dev scores as in `Exam.score`, and `majority`, that of the majority class.

        heads, mlps  left; of a mask of weights None
        share_kept   of the weights that the mask covers; of components, of the weights of all heads and MLPs
        """
        model, exam = self.of.opened(run)
        parts, weights = masks.parted(self.kept.mask(run))
        if parts:
            model = components.sliced(model, parts, released=self.recipe == "released")
            left = {name: int(kept.sum()) for name, kept in parts.items()}
            left["share_kept"] = components.share_kept(parts, model.config)
        else:
            pruning.remove(families.prunable(model, embeddings=True), weights)
            left = {"heads": None, "mlps": None, "share_kept": 1 - masks.sparsity(weights)}
        scores, answers = exam.score(model)
        run.once("answers.parquet", lambda: answers)
        return left | {"majority": exam.majority()[exam.task.METRIC]} | scores
