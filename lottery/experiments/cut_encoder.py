"""A sentence encoder made smaller in one of several ways, and left as it is: nothing is trained."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import InstanceOf
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery.data import examples
from lottery.data.examples import seeded
from lottery.experiments import Start
from lottery.experiments.smaller import MODEL, leave_words_of, save
from lottery.findings.own_answers import Metric
from lottery.masks import Scores
from lottery.models import families, opening, state
from lottery.models.pooling import Pooling
from lottery.models.timing import Reader
from lottery.pruning import components, ways
from lottery.pruning.ways import Way
from lottery.store import Count, Fraction, Run, Size, parameters
from lottery.tasks import score
from lottery.training import reading
from lottery.training.sentence_vectors import cosines, one_by_one, pooled, sensitivity

SEEN = 512  # sentences


@parameters
class CutEncoder:
    """Heads and neurons go by how far they move the vectors of sentences, which takes no labels."""

    version: ClassVar[int] = 1
    start: InstanceOf[Start]
    task: str  # of pairs with a number each, how alike they are
    way: Way
    share: Fraction  # of what goes
    pooling: Pooling
    max_length: Size  # tokens of a sentence, at most
    seed: Count  # of the directions in which the vectors are looked at
    fewer_words: bool = False  # whether the pieces of words that the training set does not use are cut in the end

    @property
    def whole(self) -> "CutEncoder":
        """The encoder of which nothing goes."""
        return replace(self, way="nothing", share=0.0, seed=0, fewer_words=False)

    def with_seed(self, seed: int) -> "CutEncoder":
        """Itself: nothing is drawn."""
        return self

    def perform(self, run: Run) -> dict[str, Any]:
        """`numbers`, the parameters it has left. The model stays in its folder."""
        if self.fewer_words:
            small, tokenizer = replace(self, fewer_words=False).opened(run)
            train = self.start.tables(self.task)["train"]
            staying = leave_words_of(train, small, tokenizer)
            run.folder(MODEL, lambda folder: save(small, tokenizer, folder, staying))
            return {"numbers": state.size(small.parameters())}
        source = self.start.weights(run)
        whole = opening.bare_encoder(source)
        families.check_length(whole.config, self.max_length)
        tokenizer = opening.tokenizer(source)
        scores = self._scores(whole, tokenizer) if self.way in ways.SCORED else {}
        small, _ = ways.smaller(whole, self.way, self.share, scores)
        run.folder(MODEL, lambda folder: opening.save(small, tokenizer, folder))
        return {"numbers": state.size(small.parameters())}

    def weights(self, run: Run) -> str:
        """The folder of the smaller model."""
        return str(run.need(self).path / MODEL)

    def opened(self, run: Run) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        """The smaller model, dropout off, and its tokenizer."""
        folder = self.weights(run)
        return opening.bare_encoder(folder).eval(), opening.tokenizer(folder)

    def answering(self, run: Run) -> Callable[[Reader], np.ndarray]:
        """How alike a reader finds the two sentences of every pair of dev, by the cosine: (n,)."""
        dev = self.start.tables(self.task)["dev"]
        given = one_by_one(dev, opening.tokenizer(self.weights(run)), self.max_length)

        def answers(reader: Reader) -> np.ndarray:
            vectors = reading.read(reader, given, pooled(self.pooling))
            return cosines(*np.split(vectors, 2)).astype(float)

        return answers

    def truth(self, run: Run) -> np.ndarray:
        """How alike people find them, (n,)."""
        return self.start.tables(self.task)["dev"]["label"].to_numpy(dtype=float)

    def metric(self) -> Metric:
        """The task's score."""
        return partial(score, self.start.task_named(self.task))

    @property
    def counted(self) -> bool:
        """Whether the score is the share of right answers; it never is."""
        return False

    def _scores(self, whole: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Scores:
        """By first sentences of the training set."""
        seen = self.start.tables(self.task)["train"]["first"].iloc[:SEEN]
        given = examples.encode(pd.DataFrame({"first": seen, "label": 0}), tokenizer, self.max_length)
        everything = components.everything(whole.config, neurons=True)
        return sensitivity(whole, given, self.pooling, everything, seeded(self.seed))
