"""Models that only count words, as the yardstick of how much of the language a BERT has learnt."""

from typing import Any, ClassVar

from lottery import miniature
from lottery.experiments.miniature_text import HELD_OUT_SEED, MiniatureText, text
from lottery.store import Count, Run, parameters
from lottery.training import pretraining


@parameters
class Counting:
    """The losses of counting models on a language's held-out text, at the words hidden from every BERT there."""

    version: ClassVar[int] = 3
    seed: Count  # of the world

    def perform(self, run: Run) -> dict[str, Any]:
        """`unigram_loss` and `ngram_loss`, nats a hidden word."""
        tokenizer = miniature.tokenizer(miniature.Language(self.seed))
        train, held_out = text(run, MiniatureText(seed=self.seed), tokenizer)
        hidden = [
            (ids[inside].tolist(), labels[inside].tolist())
            for batch in pretraining.held_out_batches(held_out, tokenizer, seed=HELD_OUT_SEED)
            for ids, labels, inside in zip(
                batch["input_ids"], batch["labels"], batch["attention_mask"].bool(), strict=True
            )
        ]
        seen = [ids.tolist() for ids in train.sequences["input_ids"]]
        losses = miniature.ngram.losses(seen, hidden, len(tokenizer))
        return {f"{name}_loss": loss for name, loss in losses.items()}
