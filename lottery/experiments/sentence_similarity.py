"""What a cut costs a sentence encoder as it is: nothing is trained, before the cut or after it."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from pydantic import InstanceOf
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery import importance as scoring
from lottery import masks
from lottery.choices import choose, named
from lottery.data.examples import Examples, seeded
from lottery.experiments import Start
from lottery.experiments.calibration import Calibration
from lottery.masks import HEADS, MLPS, Mask, keep_highest
from lottery.models import families, opening
from lottery.models.pooling import Pooling
from lottery.pruning import Scope, components
from lottery.pruning.at_once import prune
from lottery.statistics import grouped_jackknife_error
from lottery.store import Count, Fraction, Run, Size, parameters
from lottery.training.sentence_vectors import cosines, one_by_one, vectors

VECTORS, ALL = "vectors.safetensors", "sentences"  # of the full model: first sentences of the pairs, then second ones


@parameters
class SentenceSimilarity:
    """An encoder less a share of its weights, heads or MLPs: how alike it finds two sentences, by the cosine.

    Heads and MLPs are ranked over all layers, by the score of that name that needs no examples.
    """

    version: ClassVar[int] = 1
    start: InstanceOf[Start]
    task: str  # of pairs with a number each, how alike they are
    unit: Literal["weights", "heads", "mlps"]
    importance: named("importance")
    scope: Scope  # of the comparison of weights
    embeddings: bool  # whether the table of word embeddings is cut too
    sparsity: Fraction  # share of the units to remove; 0.0: the model as it is
    pooling: Pooling
    max_length: Size  # tokens of a sentence, at most
    seed: Count  # of a random choice
    calibration: Calibration | None = None  # the texts that a score of weights reads which sees data

    def __post_init__(self):
        if self.unit == "weights":
            scoring.check(
                self.importance, texts=bool(self.calibration), embeddings=self.embeddings, given_by="calibration"
            )

    @property
    def preceding(self) -> list["SentenceSimilarity"]:
        """The model as it is, with whose vectors those of the cut one are compared."""
        whole = replace(
            self,
            unit="weights",
            importance="magnitude",
            scope="global",
            embeddings=False,
            sparsity=0.0,
            seed=0,
            calibration=None,
        )
        return [] if self == whole else [whole]

    def perform(self, run: Run) -> dict[str, Any]:
        """The task's metrics of the cosines of dev's pairs, of which `score` is the one that is reported.

        score_error  its standard error over the pairs, by a jackknife; NaN, as the score, of pairs without numbers
        change       the score minus that of the full model, and `change_error`, over the same pairs
        nearness     mean cosine of a sentence's vector with the full model's, over the sentences of dev, in [-1, 1];
                     `nearness_error`, its standard error over the pairs, whose sentences count together
        removed    units, of so many `units` that compete; `all_weights` are the parameters of the encoder
        """
        source, task = self.start.weights(run), self.start.task_named(self.task)
        tokenizer, model = opening.tokenizer(source), opening.bare_encoder(source)
        families.check_length(model.config, self.max_length)
        dev = self.start.tables(self.task)["dev"]
        given = one_by_one(dev, tokenizer, self.max_length)
        kept = self._cut(model, given, tokenizer)
        cut = vectors(model, given, self.pooling)
        if self.preceding:
            whole = run.need(self.preceding[0]).read(VECTORS)[ALL].numpy()
        else:
            run.once(VECTORS, lambda: {ALL: torch.from_numpy(cut)})
            whole = cut
        alike, before = (cosines(*np.split(each, 2)).astype(float) for each in (cut, whole))
        near = cosines(cut, whole).reshape(2, -1).mean(axis=0).astype(float)
        labels = dev["label"].to_numpy(dtype=float)

        def score(cosines: np.ndarray, rows: np.ndarray) -> float:
            return task.metrics(cosines[rows], labels[rows])[task.METRIC]

        def change(rows: np.ndarray) -> float:
            return score(alike, rows) - score(before, rows)

        every = np.arange(len(dev))
        answers = pd.DataFrame({"split": "dev", "answer": alike, "label": labels}).astype(str)
        run.once("answers.parquet", lambda: answers)
        metrics = task.metrics(alike, labels)
        return {
            "score": metrics[task.METRIC],
            **metrics,
            "score_error": grouped_jackknife_error(lambda rows: score(alike, rows), len(dev)),
            "change": change(every),
            "change_error": grouped_jackknife_error(change, len(dev)),
            "nearness": float(near.mean()),
            "nearness_error": float(near.std(ddof=1) / np.sqrt(len(near))),
            "removed": masks.removed(kept),
            "units": sum(each.numel() for each in kept.values()),
            "all_weights": sum(parameter.numel() for parameter in model.parameters()),
        }

    def _cut(self, model: PreTrainedModel, given: Examples, tokenizer: PreTrainedTokenizerBase) -> Mask:
        """Cut the model in place, and say which of its units stay."""
        if self.unit == "weights":
            return prune(
                model,
                self.sparsity,
                importance=self.importance,
                scope=self.scope,
                data=self.calibration.examples(model, tokenizer) if self.calibration else None,
                embeddings=self.embeddings,
                seed=self.seed,
            )
        name = HEADS if self.unit == "heads" else MLPS
        everything = components.everything(model.config)
        scorer = choose("component_importance", self.importance)
        scores = scorer.score(model, given, everything, seeded(self.seed))
        kept = keep_highest({name: scores[name]}, self.sparsity)
        components.remove(model, everything | kept)
        return kept
