"""How many of a fine-tuned model's weights can go at once, smallest first, as long as its score holds."""

from typing import Any, ClassVar

from lottery import masks, pruning
from lottery.choices import choose
from lottery.data.examples import seeded
from lottery.experiments.fine_tuning import FineTuning
from lottery.importance import Blind
from lottery.masks import Mask
from lottery.masks import files as mask_files
from lottery.models import families
from lottery.pruning import components
from lottery.store import Count, Fraction, Positive, Run, Size, parameters
from lottery.training import evaluation

MASK = "mask.safetensors"


@parameters
class MagnitudeSearch:
    """Global pruning of the six matrices of all layers without retraining between the steps.

    Prasanna et al. 2020 (arXiv:2005.00561, section 3) call what is left the good subnetwork of magnitude pruning, or
    m-pruning. The weights never change, so every step cuts the full model.
    """

    version: ClassVar[int] = 1
    of: FineTuning
    importance: Blind = "magnitude"
    per_step: Fraction = 0.1  # of the weights still there; the published masks were made with 0.05
    share: Positive = 0.9  # of the full model's score that has to be reached
    most: Size = 60  # steps
    seed: Count = 0  # of a random importance

    def perform(self, run: Run) -> dict[str, Any]:
        """What was found.

        dense_score  of the full model on dev, and `majority` that of the majority-class baseline
        score        of what is left
        steps        that were accepted; `ended`, "score" where the next one fell below the bound, else "most"
        sparsity, removed, weights  of what is left: share and number that go, of so many
        sparsities, scores  at each look, the full model's first and the one that fell below the bound last
        head_shares  share of its weights that each head keeps: layers * heads numbers in [0, 1], layer by layer
        mlp_shares   the same of MLPs: as many numbers as layers
        degenerate   why the search says nothing; "" where it does
        """
        model, exam = self.of.opened(run)
        weights = families.prunable(model, embeddings=False, pooler=False)
        before = {name: weight.detach().clone() for name, weight in weights.items()}
        score = exam.scoring(exam.tables["dev"])
        scores = choose("importance", self.importance).score(weights, {}, seeded(self.seed))
        dense, kept, accepted = score(model), pruning.everything(weights), 0
        sparsities, reached = [0.0], [dense]
        while dense > 0 and accepted < self.most:
            smaller = masks.keep_highest(scores, 1 - (1 - self.per_step) ** (accepted + 1))
            pruning.remove(weights, smaller)
            sparsities.append(masks.sparsity(smaller))
            reached.append(score(model))
            if not reached[-1] >= self.share * dense:
                break
            kept, accepted = smaller, accepted + 1
        mask_files.save(
            run.path / MASK,
            kept,
            model=run.need(self.of).path.name,
            method=f"{self.importance}, global",
            asked=1 - (1 - self.per_step) ** accepted,
            seed=self.seed,
            scored=mask_files.Scored(
                weights=masks.digest(before, kept),
                trained=False,
                task=self.of.task,
                labels=tuple(exam.task.LABELS),
            ),
        )
        majority = exam.majority()[exam.task.METRIC]
        each = components.parameters(model.config)
        shares = {name: total / each[name] for name, total in components.totals(kept, model.config).items()}
        return {
            "dense_score": dense,
            "majority": majority,
            "score": reached[accepted],
            "steps": accepted,
            "ended": "score" if accepted < len(reached) - 1 else "most",
            "sparsity": masks.sparsity(kept),
            "removed": masks.removed(kept),
            "weights": masks.size(kept),
            "sparsities": sparsities,
            "scores": reached,
            "head_shares": shares["heads"].flatten().tolist(),
            "mlp_shares": shares["mlps"].tolist(),
            "degenerate": evaluation.degenerate(dense, majority),
        }

    def mask(self, run: Run) -> Mask:
        """The weights left."""
        return mask_files.load(run.need(self).path / MASK)[0]
