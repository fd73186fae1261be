"""Which pattern of attention each head of a model shows on the sentences of a task, and maps that are typical of it."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from accelerate import Accelerator
from pydantic import InstanceOf

from lottery import masks
from lottery.attention.maps import MAPS
from lottery.attention.patterns import FEWEST, PATTERNS
from lottery.choices import named
from lottery.data.examples import seeded
from lottery.experiments import Kept, Start
from lottery.experiments.pattern_training import PatternTraining
from lottery.models import opening
from lottery.pruning import components
from lottery.store import Count, Run, Size, parameters
from lottery.training.evaluation import Exam


@parameters
class AttentionPatterns:
    """The maps of all heads on sentences of dev, one sentence at a time, classified.

    As released: sentences are read without token types, norms are made with the output matrix transposed, and the
    heads that survive are seen in the model that all others were removed from. Each can be asked for by itself.
    """

    version: ClassVar[int] = 1
    of: InstanceOf[Start]
    task: named("tasks")
    classifier: PatternTraining
    kind: Literal["raw", "normed"]
    sentences: Size  # drawn from dev; all of them where there are fewer
    max_length: Size  # tokens of a sentence, or of a pair, at most
    seed: Count  # of the draw
    released: bool = False  # as in `attention_maps`
    kept: InstanceOf[Kept] | None = None  # the components left in the model; None: all

    def perform(self, run: Run) -> dict[str, Any]:
        """Shares of patterns by head.

        shares       layers * heads * patterns numbers in [0, 1]: share of a head's maps that are of a pattern, layer
                     by layer, head by head, patterns in the order of PATTERNS; of each head they sum to 1
        confidences  of each head the mean of how likely its maps' patterns are taken to be, in (0, 1]
        of_layers    the number of layers
        of_maps      of each head, so many: sentences of fewer than 8 tokens are left out before the draw
        """
        votes, likely, seen = 0, 0, 0
        for _, _, probabilities in self.maps(run):
            votes = votes + (probabilities.argmax(-1)[..., None] == np.arange(len(PATTERNS)))
            likely = likely + probabilities.max(-1)
            seen += 1
        return {
            "shares": (votes / seen).flatten().tolist(),
            "confidences": (likely / seen).flatten().tolist(),
            "of_layers": len(votes),
            "of_maps": seen,
        }

    def maps(self, run: Run) -> Iterator[tuple[list[str], np.ndarray, np.ndarray]]:
        """Of each sentence, longest first: its tokens (n,), the maps of all heads (layers, heads, n, n), and how likely
        each is of each pattern (layers, heads, patterns); for the use of `run`.

        Raises ValueError where no sentence has 8 tokens.
        """
        source, task = self.of.weights(run), self.of.task_named(self.task)
        tokenizer = opening.tokenizer(source)
        model = opening.encoder(source).to(Accelerator().device)
        exam = Exam(task, self.of.tables(self.task), tokenizer, self.max_length)
        dev = exam.tables["dev"]
        lengths = exam.encoded(dev).lengths
        enough = (lengths >= FEWEST).nonzero().flatten()
        if not len(enough):
            raise ValueError(
                f"no sentence in the dev set of {self.task!r} has {FEWEST} tokens or more, with at most "
                f"{self.max_length} of it read: patterns cannot be told apart in shorter ones"
            )
        chosen = enough[torch.randperm(len(enough), generator=seeded(self.seed))[: self.sentences]].sort().values
        given = exam.encoded(dev.iloc[chosen.tolist()].reset_index(drop=True))
        classify, gates = self.classifier.classify(run), {}
        if self.kept is not None:
            parts, _ = masks.parted(self.kept.mask(run))
            gates = {name: mask.float().to(model.device) for name, mask in parts.items()}
        with components.gated(model, gates) if gates else nullcontext():
            for position, layered in MAPS[self.kind](model, given, released=self.released):
                maps = layered.numpy()
                layers, heads, n, _ = maps.shape
                likely = classify(list(maps.reshape(-1, n, n))).reshape(layers, heads, -1)
                yield tokenizer.convert_ids_to_tokens(given.sequences["input_ids"][position].tolist()), maps, likely


@parameters
class TypicalMaps:
    """Of each pattern the map that the classifier is surest of, one in the middle, and the one it doubts most."""

    version: ClassVar[int] = 1
    of: AttentionPatterns

    def perform(self, run: Run) -> dict[str, Any]:
        """Of each map shown: lists. A pattern that no map is of is left out.

        patterns, places  what it was taken for, and "surest", "middle" or "most doubtful" of these
        likely   how likely the classifier takes that to be, in (0, 1]
        in_layers, in_heads, sizes  which map it is, and of how many tokens
        cells    size * size numbers of each map in [0, 1], row by row, over its 99th percentile, maps one after another
        """
        rows = []
        for _, maps, classified in self.of.maps(run):
            for layer, head in np.ndindex(classified.shape[:2]):
                best = int(classified[layer, head].argmax())
                rows.append((best, float(classified[layer, head, best]), layer, head, maps[layer, head]))
        metrics: dict[str, list] = {
            name: [] for name in ("patterns", "places", "likely", "in_layers", "in_heads", "sizes", "cells")
        }
        for number, pattern in enumerate(PATTERNS):
            some = sorted((row for row in rows if row[0] == number), key=lambda row: -row[1])
            for place, at in (("surest", 0), ("middle", len(some) // 2), ("most doubtful", -1)) if some else ():
                _, likely, layer, head, attention = some[at]
                bright = max(float(np.quantile(attention, 0.99)), 1e-12)
                metrics["patterns"].append(pattern)
                metrics["places"].append(place)
                metrics["likely"].append(likely)
                metrics["in_layers"].append(layer)
                metrics["in_heads"].append(head)
                metrics["sizes"].append(len(attention))
                metrics["cells"] += np.clip(attention / bright, 0, 1).round(3).flatten().tolist()
        return metrics
