"""Sentence pairs that a run keeps are those that it was given."""

from typing import ClassVar

import torch
from toy_studies import DOCUMENTS

from lottery import store
from lottery.data.examples import seeded
from lottery.experiments import encoded_text
from lottery.store import Count, Run, parameters
from lottery.training import pretraining

GIVEN = {}


@parameters
class Pairs:
    """Pairs that a test has made."""

    version: ClassVar[int] = 1
    seed: Count

    def perform(self, run: Run) -> dict[str, int]:
        """Their numbers."""
        return encoded_text.keep(run, *GIVEN[self.seed])


def test_pairs_are_read_as_they_were_kept_and_counted_one_by_one(tokenizer, tmp_path):
    GIVEN[1] = [
        pretraining.sentence_pairs(some, tokenizer, 16, seeded(number))
        for number, some in enumerate((DOCUMENTS[:20], DOCUMENTS[20:]))
    ]
    run = store.perform(Pairs(seed=1), tmp_path)
    for read, kept in zip(encoded_text.read(run, tokenizer), GIVEN[1], strict=True):
        assert read.pad == kept.pad
        assert read.sequences.keys() == kept.sequences.keys()
        for name, rows in kept.sequences.items():
            assert all(torch.equal(*pair) for pair in zip(read.sequences[name], rows, strict=True))
        assert {name: values.tolist() for name, values in read.numbers.items()} == {
            name: values.tolist() for name, values in kept.numbers.items()
        }
    train, held_out = ([ids.tolist() for ids in kept.sequences["input_ids"]] for kept in GIVEN[1])
    assert len(train) > len(held_out) > 0
    assert (run.metrics["pairs"], run.metrics["held_out_pairs"]) == (len(train), len(held_out))
    assert run.metrics["tokens"] == sum(1 for ids in train for _ in ids)
