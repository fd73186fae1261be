"""Plain text as the sentence pairs that every pre-training of one model on it reads."""

from pathlib import Path
from typing import Any, ClassVar

from lottery.data import text_corpus
from lottery.data.examples import seeded
from lottery.experiments import Model, Text, encoded_text
from lottery.models import opening
from lottery.store import Run, Size, parameters
from lottery.training import pretraining

PAIRING_SEED = 0  # of where spans are split and which passages are exchanged: the same pairs for every seed of a study


@parameters
class CorpusText:
    """The documents of a text, encoded once: pairs to train on, and pairs of other documents for the loss."""

    version: ClassVar[int] = 1
    corpus: Text
    model: Model  # whose tokenizer encodes it
    max_length: Size  # tokens of a pair, at most

    def perform(self, run: Run) -> dict[str, Any]:
        """The numbers of `pairs` and `tokens` to train on, and of `held_out_pairs`."""
        tokenizer = opening.tokenizer(self.model)
        documents = text_corpus.read(Path(self.corpus).expanduser())
        train, held_out = (
            pretraining.sentence_pairs(some, tokenizer, self.max_length, seeded(PAIRING_SEED, number))
            for number, some in enumerate(text_corpus.split(documents))
        )
        return encoded_text.keep(run, train, held_out)
