"""A classifier of patterns of attention, trained on drawn maps or on a user's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from lottery.attention import own_maps
from lottery.attention import patterns as attention_patterns
from lottery.attention.patterns import PATTERNS
from lottery.choices import choose, named
from lottery.store import Count, Run, Source, parameters

LEARNT = "learnt.safetensors"


@parameters
class PatternTraining:
    """What one classifier learns from labelled maps (Prasanna et al. 2020, arXiv:2005.00561, section 5.2)."""

    version: ClassVar[int] = 1
    classifier: named("pattern_classifiers")
    drawn: Count  # maps drawn by `attention_patterns.labelled`; 0 for what learns nothing, and with `maps`
    seed: Count  # of the draw, of the network's first weights and of its order
    maps: Source = ""  # a folder as `own_maps.read` takes it, instead of drawn ones

    def perform(self, run: Run) -> dict[str, Any]:
        """`trained_on`, the number of maps, and `of_patterns`, how many of each pattern, in the order of PATTERNS."""
        if self.maps and self.drawn:
            raise ValueError(f"drawn = {self.drawn}, maps = {self.maps!r}: give drawn = 0 to train on maps of your own")
        if self.maps:
            maps, labels = own_maps.read(Path(self.maps).expanduser())
        else:
            maps, labels = attention_patterns.labelled(self.drawn, seed=self.seed)
        run.once(LEARNT, lambda: choose("pattern_classifiers", self.classifier).fit(maps, labels, self.seed))
        return {"trained_on": len(maps), "of_patterns": np.bincount(labels, minlength=len(PATTERNS)).tolist()}

    def classify(self, run: Run) -> Callable[[list[np.ndarray]], np.ndarray]:
        """What tells how likely each map is of each pattern, (maps, patterns), rows sum to 1; for the use of `run`."""
        learnt = run.need(self).read(LEARNT)
        return lambda maps: choose("pattern_classifiers", self.classifier).predict(learnt, maps)
