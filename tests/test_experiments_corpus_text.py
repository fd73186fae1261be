"""Plain text as sentence pairs: the same for every seed and model, and none of them held out as well."""

from dataclasses import replace

import torch

from lottery import store
from lottery.data.examples import seeded
from lottery.experiments.corpus_text import PAIRING_SEED, CorpusText
from lottery.store import Run
from lottery.training import pretraining

WORDS = [f"w{number}" for number in range(50)]


def words(pairs, tokenizer):
    """The text of each pair, as it stands in the corpus."""
    special = set(tokenizer.all_special_tokens)
    tokens = [tokenizer.convert_ids_to_tokens(ids.tolist()) for ids in pairs.sequences["input_ids"]]
    return [" ".join(token for token in pair if token not in special) for pair in tokens]


def test_the_text_is_encoded_as_pre_training_encodes_it(continued, corpus, tokenizer, tmp_path):
    run = Run(continued, tmp_path / "results")
    blocks = [block.split("\n") for block in corpus.read_text().strip().split("\n\n")]
    assert len(blocks) == 60
    told = [block for number, block in enumerate(blocks) if number % 20 != 19], blocks[19::20]
    for number, (found, documents) in enumerate(zip(continued.text(run, tokenizer), told, strict=True)):
        wanted = pretraining.sentence_pairs(documents, tokenizer, 24, seeded(PAIRING_SEED, number))
        assert len(found) == len(wanted) > 0
        for name in ("input_ids", "token_type_ids"):
            assert all(map(torch.equal, found.sequences[name], wanted.sequences[name]))
        assert torch.equal(found.numbers["next_sentence_label"], wanted.numbers["next_sentence_label"])
        assert found.pad == wanted.pad
    metrics = Run(CorpusText(corpus=str(corpus), model=continued.model, max_length=24), tmp_path / "results").metrics
    train, held_out = continued.text(run, tokenizer)
    assert (metrics["pairs"], metrics["held_out_pairs"]) == (len(train), len(held_out))
    assert metrics["tokens"] == sum(len(ids) for ids in train.sequences["input_ids"])


def test_no_held_out_sentence_is_trained_on(continued, corpus, tokenizer, tmp_path):
    """A document that comes twice would be on both sides."""
    blocks = corpus.read_text().strip().split("\n\n")
    corpus.write_text("\n\n".join([*blocks, *blocks[5:30]]) + "\n")
    train, held_out = continued.text(Run(continued, tmp_path / "results"), tokenizer)
    lines = [line for block in blocks[19::20] for line in block.split("\n")]
    seen, held = "|".join(words(train, tokenizer)), "|".join(words(held_out, tokenizer))
    assert sum(line in held for line in lines) > 0.6 * len(lines)  # the rest was cut, or exchanged
    assert not [line for line in lines if line in seen]


def test_every_seed_and_every_model_of_one_tokenizer_is_judged_on_the_same_pairs(continued, tokenizer, tmp_path):
    store.perform(replace(continued, seed=3, steps=1), tmp_path)
    store.perform(replace(continued, seed=4, steps=2), tmp_path)
    assert len(list((tmp_path / "CorpusText").iterdir())) == 1
