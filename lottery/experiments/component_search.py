"""The heads, MLPs and neurons that a fine-tuned model needs: the least important go as long as its score holds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Literal

import pandas as pd
import torch

from lottery import masks
from lottery.choices import choose, listed, named, offered
from lottery.component_importance import OfGradients
from lottery.data.examples import seeded
from lottery.experiments.fine_tuning import FineTuning
from lottery.masks import NEURONS, Mask, Scores
from lottery.masks import files as mask_files
from lottery.models import families
from lottery.pruning import component_search, components, sensitivity
from lottery.pruning.component_search import Mode
from lottery.store import Count, Fraction, Positive, Run, parameters
from lottery.training import evaluation

MASK, LOOKS = "mask.safetensors", "looks.safetensors"
Where = Literal["dev", "train", "unseen"]


@parameters
class ComponentSearch:
    """Structured pruning of a fine-tuned model: what is left is a ticket (Prasanna et al. 2020, arXiv:2005.00561)."""

    version: ClassVar[int] = 1
    of: FineTuning
    importance: named("component_importance")
    mode: Mode
    heads_share: Fraction = 0.1  # of the model's heads, that go in one step; of it the whole number
    share: Positive = 0.9  # of the full model's score that has to be reached
    guarded: bool = False  # whether a layer keeps its last head
    recipe: Literal["printed", "released"] = "printed"
    where: Where = "dev"  # the examples that are looked at; of train as many as dev has, "unseen" if not trained on
    seed: Count = 0  # of a random score, and of the choice from train
    neurons_share: Fraction = 0.1  # of the model's neurons, that go in one step of a mode that removes neurons

    def perform(self, run: Run) -> dict[str, Any]:
        """What was found.

        dense_score    of the full model on the examples looked at, and `majority` that of the majority-class baseline
        score          of what is left, there
        dense_dev_score, dev_score  of the full model and of what is left, on dev
        heads, mlps    left, of `all_heads` and `all_mlps`
        kept_heads     1 where a head is left, else 0: layers * heads numbers, layer by layer
        kept_mlps      the same of MLPs: as many numbers as layers
        share_kept     of the weights of all heads and MLPs
        looks          how often the model was scored; one entry for each in the next five
        phases, accepted  of each look, as in `component_search.Step`, accepted as 0 or 1
        scores, heads_left, mlps_left  at each look
        degenerate     why the search says nothing; "" where it does
        neurons        left, of `all_neurons`, and `neurons_left` at each look, where the mode removes neurons
        """
        model, exam = self.of.opened(run)
        table = self._table(exam.tables)
        given = exam.encoded(table)
        scorer, generator = choose("component_importance", self.importance), seeded(self.seed)
        released = self.recipe == "released"
        if released and not isinstance(scorer, OfGradients):
            every = {name: choose("component_importance", name) for name in offered("component_importance")}
            taken = listed([repr(name) for name, each in every.items() if isinstance(each, OfGradients)])
            raise ValueError(
                f"importance = {self.importance!r} is no mean of gradients: the recipe 'released' takes {taken}"
            )

        def scoring(on: pd.DataFrame) -> Callable[[Mask], float]:
            score = exam.scoring(on)
            return lambda kept: score(components.sliced(model, kept))

        score = scoring(table)

        def look(kept: Mask) -> tuple[float, Scores]:
            if released:  # ranks what was just taken back, and counts what is gone in the norm
                gradients = sensitivity.per_example(model, given, kept, removed_too=True)
                return score(kept), scorer.of(gradients)
            return score(kept), scorer.score(model, given, kept, generator)

        whole = components.everything(model.config, neurons="neurons" in self.mode)
        neurons = whole[NEURONS].numel() if NEURONS in whole else 0
        steps = component_search.search(
            look,
            whole,
            mode=self.mode,
            heads_at_once=self.heads_at_once(whole["heads"].numel()),
            share=self.share,
            guarded=self.guarded,
            afresh=not released,
            norm_over_removed=released,
            neurons_at_once=_whole_number(neurons * self.neurons_share),
        )
        first, last = steps[0], component_search.last_accepted(steps)
        kept = last.kept
        scored = mask_files.Scored(
            weights=masks.digest(families.prunable(model, embeddings=False, pooler=False), {}),
            trained=False,
            task=self.of.task,
            labels=tuple(exam.task.LABELS),
        )
        self._keep(run, steps, kept, scored)
        majority = replace(exam, tables=exam.tables | {"dev": table}).majority()[exam.task.METRIC]
        if self.where == "dev":
            on_dev = first.score, last.score
        else:
            again = scoring(exam.tables["dev"])
            on_dev = again(whole), again(kept)
        return {
            "dense_score": first.score,
            "majority": majority,
            "score": last.score,
            "dense_dev_score": on_dev[0],
            "dev_score": on_dev[1],
            "heads": int(kept["heads"].sum()),
            "mlps": int(kept["mlps"].sum()),
            "all_heads": whole["heads"].numel(),
            "all_mlps": whole["mlps"].numel(),
            "kept_heads": kept["heads"].int().flatten().tolist(),
            "kept_mlps": kept["mlps"].int().tolist(),
            "share_kept": components.share_kept(kept, model.config),
            "looks": len(steps),
            "phases": [step.phase for step in steps],
            "accepted": [int(step.accepted) for step in steps],
            "scores": [step.score for step in steps],
            "heads_left": [int(step.kept["heads"].sum()) for step in steps],
            "mlps_left": [int(step.kept["mlps"].sum()) for step in steps],
            "degenerate": evaluation.degenerate(first.score, majority),
            **(_of_neurons(steps, kept) if neurons else {}),
        }

    def mask(self, run: Run) -> Mask:
        """The components left."""
        return mask_files.load(run.need(self).path / MASK)[0]

    def heads_at_once(self, heads: int) -> int:
        """How many of a model's heads go in one step of its first phase: of a small model as few as the mode takes."""
        return max(component_search.LEAST_HEADS.get(self.mode, 0), _whole_number(heads * self.heads_share))

    def _table(self, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
        dev = tables["dev"]
        if self.where == "dev":
            return dev
        train = tables["train"] if self.where == "train" else self.of.unseen()
        if train.empty:
            raise ValueError(
                "where = 'unseen': the model was fine-tuned on all of train; give its fine-tuning fewer train_examples"
            )
        order = torch.randperm(len(train), generator=seeded(self.seed, len(train)))
        return train.iloc[order[: len(dev)].tolist()].reset_index(drop=True)

    def _keep(self, run: Run, steps: list[component_search.Step], kept: Mask, scored: mask_files.Scored) -> None:
        looks = {f"kept.{name}": torch.stack([step.kept[name] for step in steps]) for name in kept}
        looks |= {
            f"importance.{name}": torch.stack([step.importance[name].float() for step in steps])
            for name in steps[0].importance
        }
        run.once(LOOKS, lambda: looks)
        mask_files.save(
            run.path / MASK,
            kept,
            model=run.need(self.of).path.name,
            method=f"{self.importance}, {self.mode}, {self.recipe}",
            asked=1 - self.share,
            seed=self.seed,
            scored=scored,
        )


def _whole_number(share: float) -> int:
    return int(share + 1e-9)


def _of_neurons(steps: list[component_search.Step], kept: Mask) -> dict[str, Any]:
    return {
        "neurons": int(kept[NEURONS].sum()),
        "all_neurons": kept[NEURONS].numel(),
        "neurons_left": [int(step.kept[NEURONS].sum()) for step in steps],
    }
