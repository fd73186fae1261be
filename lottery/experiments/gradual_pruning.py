"""Gradual pruning while pre-training goes on (Gordon et al. 2020, section 3): rows G1, G2 and G6."""

from typing import Any, ClassVar, Literal

import pandas as pd
from accelerate import Accelerator
from accelerate.utils import set_seed
from pydantic import InstanceOf

from lottery import masks, pruning, schedules, store, training
from lottery.choices import choose
from lottery.data.examples import seeded
from lottery.experiments import Pretrained
from lottery.experiments.miniature_text import HELD_OUT_SEED
from lottery.importance import Blind
from lottery.masks import Mask
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.pruning import KEEP, Scope
from lottery.store import Count, Fraction, Positive, Run, Size, parameters
from lottery.tasks import Task
from lottery.training import pretraining


@parameters
class GradualPruning:
    """A pre-trained model that is pruned to a sparsity while its pre-training goes on, and then recovers."""

    version: ClassVar[int] = 1
    start: InstanceOf[Pretrained]
    importance: Blind
    scope: Scope
    embeddings: bool  # whether the word embeddings, and with them the tied decoder, are pruned
    sparsity: Fraction
    steps: Size  # optimiser updates in all
    ramp: Size  # updates over which the sparsity rises, by the cubic schedule of Zhu & Gupta (2017)
    every: Size  # updates between two computations of the mask
    recipe: Literal["printed", "released"]  # removed weights stay 0 | live on under a mask computed to the end
    learning_rate: Positive
    batch_size: Size
    seed: Count  # of the order of the text, the hidden words, dropout and random scores
    restart: Count = 0  # updates after which the learning rate starts anew, as in the released code; 0: one schedule
    pooler: bool = True  # whether the pooler is pruned too; True: what runs older than this field did

    def perform(self, run: Run) -> dict[str, Any]:
        """Held-out losses as in `pretraining.evaluate`, `removed` of `weights`, and `integrated_rate`.

        integrated_rate  the learning rate summed over all updates
        """
        set_seed(self.seed)
        source = self.start.weights(run)
        tokenizer = opening.tokenizer(source)
        model = opening.for_pretraining(source).to(Accelerator().device)
        train, held_out = self.start.text(run, tokenizer)
        weights = families.prunable(model, embeddings=self.embeddings, pooler=self.pooler)
        mask = pruning.everything(weights)
        optimizer = training.adamw(model, learning_rate=self.learning_rate)
        prune = pruning.gradually(
            weights,
            mask,
            schedules.cubic(self.sparsity, begin=0, end=self.ramp),
            lambda weights: choose("importance", self.importance).score(weights, {}, seeded(self.seed)),
            KEEP[self.scope],
            every=self.every,
            end=self.ramp if self.recipe == "printed" else self.steps,
        )
        rate = schedules.linear_with_warmup(self.steps, round(0.1 * self.steps))
        if self.restart:
            rate = schedules.sawtooth(self.restart)
        holding = {
            "printed": lambda: pruning.held(weights, mask, optimizer),
            "released": lambda: pruning.held_raw(model, weights, mask, optimizer),
        }
        with holding[self.recipe]():
            training.train(
                model,
                optimizer,
                pretraining.masked_batches(train, tokenizer, batch_size=self.batch_size, seed=self.seed),
                steps=self.steps,
                loss=pretraining.loss,
                schedule=rate,
                after_step=prune,
                carried=mask,
                checkpoint=run.checkpoint(),
                title=f"pruning to {self.sparsity:.0%}",
            )
        mask_files.save(
            run.path / "mask.safetensors",
            mask,
            model=f"{type(self.start).__name__} {store.key(self.start)}",
            method=f"{self.importance}, {self.scope}, gradual, {self.recipe}",
            asked=self.sparsity,
            seed=self.seed,
            scored=mask_files.Scored(weights=masks.digest(weights, mask), trained=True),
        )
        run.folder("model", lambda folder: opening.save(model, tokenizer, folder))
        counts = {"removed": masks.removed(mask), "weights": masks.size(mask)}
        counts["integrated_rate"] = self.learning_rate * sum(map(rate, range(self.steps)))
        return counts | pretraining.evaluate(model, held_out, tokenizer, seed=HELD_OUT_SEED)

    def weights(self, run: Run) -> str:
        """The folder of the pruned model."""
        return str(run.need(self).path / "model")

    def mask(self, run: Run) -> Mask:
        """What was kept, to be held while the model is fine-tuned."""
        return mask_files.load(run.need(self).path / "mask.safetensors")[0]

    def task_named(self, name: str) -> Task:
        """The task of that name."""
        return self.start.task_named(name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task's data, as for the model that was pruned."""
        return self.start.tables(task)
