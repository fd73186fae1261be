"""The text of a miniature's language, as the sentence pairs that every pre-training on it reads."""

from typing import Any, ClassVar

from transformers import PreTrainedTokenizerBase

from lottery import miniature
from lottery.data.examples import Examples, seeded
from lottery.experiments import encoded_text
from lottery.store import Count, Run, parameters
from lottery.training import pretraining

HELD_OUT_DOCUMENTS = 400
HELD_OUT_SEED = 0  # which words of the held-out text are hidden: the same for every model


@parameters
class MiniatureText:
    """The documents of a language, encoded once: pairs to train on, and pairs of other documents for the loss."""

    version: ClassVar[int] = 3
    seed: Count  # of the world, its text, and how passages are paired
    documents: Count = 0  # to train on, the first of the same; 0: miniature.DOCUMENTS
    nouns: Count = 0  # of the language; 0: miniature.NOUNS
    family: miniature.Family = "bert"  # whose pieces it is encoded in

    def perform(self, run: Run) -> dict[str, Any]:
        """The numbers of `pairs` and `tokens` to train on, and of `held_out_pairs`."""
        language = miniature.Language(self.seed, nouns=self.nouns or miniature.NOUNS)
        tokenizer = miniature.TOKENIZERS[self.family](language)
        train, held_out = (
            pretraining.sentence_pairs(documents, tokenizer, miniature.MAX_LENGTH, seeded(self.seed, number))
            for number, documents in enumerate(
                (
                    miniature.documents(language, self.documents or miniature.DOCUMENTS, 1),
                    miniature.documents(language, HELD_OUT_DOCUMENTS, 2),
                )
            )
        )
        return encoded_text.keep(run, train, held_out)


def text(run: Run, of: MiniatureText, tokenizer: PreTrainedTokenizerBase) -> tuple[Examples, Examples]:
    """The pairs to train on and those held out; made now where they were not, for the store of `run`."""
    return encoded_text.read(run.need(of), tokenizer)
