from itertools import chain, pairwise

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from lottery.data.examples import (
    Examples,
    encode,
    epochs,
    of_batches,
    pack,
    padding,
    reading,
    seeded,
    shuffled_batches,
    sorted_batches,
    unpack,
)

LENGTHS = torch.tensor([5, 3, 9, 3, 7, 1, 1, 8, 2, 6, 4, 4, 9])


def table(pairs: bool = True) -> pd.DataFrame:
    first = ["w1 w2 w3", "w4", "w5s w6 . zebra", "w7 w8 w9 w10 w11 w12 w13 w14"]
    second = ["w20", "w21 w22 w23 w24", "w25", "w26 w27 w28 w29 w30"]
    columns = {"first": first, "label": [1, 0, 0, 1]}
    return pd.DataFrame(columns | ({"second": second} if pairs else {}))


@pytest.mark.parametrize("pairs", [True, False])
def test_encode_gives_what_the_tokenizer_gives_one_by_one(tokenizer, pairs):
    rows = table(pairs)
    examples = encode(rows, tokenizer, max_length=9)
    assert len(examples) == len(rows) == 4
    for i, row in rows.iterrows():
        alone = tokenizer(row["first"], row["second"] if pairs else None, truncation=True, max_length=9)
        assert examples.sequences["input_ids"][i].tolist() == alone["input_ids"]
        assert examples.sequences["token_type_ids"][i].tolist() == alone["token_type_ids"]
        assert examples.lengths[i] == len(alone["input_ids"]) <= 9
    assert examples.numbers["labels"].tolist() == [1, 0, 0, 1]
    assert examples.numbers["labels"].dtype == torch.int64
    assert max(examples.lengths) == 9  # the cut is at work


@pytest.mark.parametrize(("pairs", "least"), [(False, 3), (True, 5)])
def test_a_length_without_room_for_a_token_of_each_text_is_refused(tokenizer, pairs, least):
    assert max(encode(table(pairs), tokenizer, least).lengths) == least
    for length in range(1, least):
        with pytest.raises(ValueError, match=rf"max_length = {length}: .* at least {least} tokens"):
            encode(table(pairs), tokenizer, length)


def test_a_text_that_the_tokenizer_makes_nothing_of_is_its_special_tokens(tokenizer):
    examples = encode(table(pairs=False).assign(first=["\u200b", "w1", "w2", "w3"]), tokenizer, 20)
    special = [tokenizer.cls_token_id, tokenizer.sep_token_id]
    assert [examples.sequences["input_ids"][0].tolist(), *examples.batch([0, 1])["input_ids"].tolist()[:1]] == [
        special,
        [*special, tokenizer.pad_token_id],
    ]


def test_what_a_tokenizer_makes_of_texts_counted_by_hand(tokenizer):
    texts = pd.DataFrame({"first": ["w1 zebra", "w1 lion", "w2", "zebra zebra w3 w4"], "label": 0})
    # 9 tokens of which 4 have no piece; with the two around them the last has 6; the first two read alike.
    assert reading(texts, tokenizer, max_length=5) == {"unknown": 4 / 9, "cut": 1 / 4, "alike": 1 / 4}
    pairs = texts.assign(second=["w1", "w2", "zebra", "w5"])
    assert reading(pairs, tokenizer, max_length=7) == {"unknown": 5 / 13, "cut": 1 / 4, "alike": 0.0}


def test_a_regression_has_labels_in_fractions(tokenizer):
    rows = table().assign(label=[0.5, 3.25, 5.0, 0.0])
    labels = encode(rows, tokenizer, 20, regression=True).numbers["labels"]
    assert labels.dtype == torch.float32
    assert labels.tolist() == [0.5, 3.25, 5.0, 0.0]


@pytest.mark.parametrize("pairs", [True, False])
def test_examples_are_stored_and_come_back(tokenizer, tmp_path, pairs):
    examples = encode(table(pairs), tokenizer, max_length=9)
    save_file(pack(examples), tmp_path / "examples.safetensors")
    again = unpack(load_file(tmp_path / "examples.safetensors"), padding(tokenizer))
    assert again.pad == examples.pad == {"input_ids": tokenizer.pad_token_id, "token_type_ids": 0}
    assert again.sequences.keys() == examples.sequences.keys()
    for name, rows in examples.sequences.items():
        assert [row.tolist() for row in again.sequences[name]] == [row.tolist() for row in rows]
        assert all(row.dtype == torch.int64 for row in again.sequences[name])
    assert torch.equal(again.numbers["labels"], examples.numbers["labels"])
    assert torch.equal(again.batch([3, 0])["input_ids"], examples.batch([3, 0])["input_ids"])


def test_a_batch_is_padded_to_its_longest_with_the_fitting_ids():
    sequences = {
        "input_ids": [torch.tensor([7, 8, 9]), torch.tensor([5]), torch.tensor([1, 2, 3, 4])],
        "token_type_ids": [torch.tensor([0, 1, 1]), torch.tensor([0]), torch.tensor([0, 0, 1, 1])],
    }
    examples = Examples(sequences, {"labels": torch.tensor([10, 11, 12])}, {"input_ids": 99, "token_type_ids": 3})
    batch = examples.batch([1, 0])
    assert batch["input_ids"].tolist() == [[5, 99, 99], [7, 8, 9]]
    assert batch["token_type_ids"].tolist() == [[0, 3, 3], [0, 1, 1]]
    assert batch["attention_mask"].tolist() == [[1, 0, 0], [1, 1, 1]]
    assert batch["labels"].tolist() == [11, 10]


@pytest.mark.parametrize("batch_size", [1, 4, 13, 50])
def test_sorted_batches_hold_each_position_once_longest_first(batch_size):
    batches = list(sorted_batches(LENGTHS, batch_size))
    flat = [i for batch in batches for i in batch]
    assert sorted(flat) == list(range(13))
    lengths = LENGTHS[flat].tolist()
    assert lengths == sorted(LENGTHS.tolist(), reverse=True)
    assert all(len(batch) == batch_size for batch in batches[:-1])


@pytest.mark.parametrize(("n", "batch_size", "pool"), [(100, 7, 3), (64, 8, 32), (5, 8, 2), (33, 4, 1)])
def test_shuffled_batches_hold_each_position_once_and_at_most_one_is_short(n, batch_size, pool):
    lengths = torch.randint(2, 40, (n,), generator=seeded(n))
    batches = shuffled_batches(lengths, batch_size, torch.Generator().manual_seed(1), pool=pool)
    assert sorted(i for batch in batches for i in batch) == list(range(n))
    assert sorted(map(len, batches), reverse=True) == [batch_size] * (n // batch_size) + [n % batch_size] * (
        n % batch_size > 0
    )


def test_a_pool_is_cut_into_batches_of_neighbouring_lengths():
    """With one pool over everything, the batches put in order give the sorted lengths."""
    lengths = torch.randint(2, 60, (96,), generator=seeded(96))
    batches = shuffled_batches(lengths, 8, torch.Generator().manual_seed(1), pool=12)
    spans = sorted((min(lengths[b]).item(), max(lengths[b]).item()) for b in batches)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert [max(lengths[b]).item() for b in batches] != [span[1] for span in spans]  # but their order is random
    small_pools = shuffled_batches(lengths, 8, torch.Generator().manual_seed(1), pool=2)
    assert sorted(map(sorted, small_pools)) != sorted(map(sorted, batches))


def test_a_pool_is_filled_at_random():
    """Equal lengths leave no other order than the shuffled one."""
    same = torch.full((64,), 5)
    one, other = (shuffled_batches(same, 4, torch.Generator().manual_seed(seed), pool=2) for seed in (1, 2))
    assert sorted(map(sorted, one)) != sorted(map(sorted, other))
    assert sum(batch == sorted(batch) for batch in one) < 8


def test_the_batch_of_a_step_depends_on_the_step_alone():
    examples = Examples({"input_ids": [torch.ones(int(n), dtype=torch.long) for n in LENGTHS]}, {}, {})
    undisturbed = epochs(examples, 4, seed=3)
    told = [undisturbed(step) for step in range(12)]
    for step in (11, 0, 5, 4, 3, 9):
        assert epochs(examples, 4, seed=3)(step) == undisturbed(step) == told[step]
    first, second, third = (sorted(chain.from_iterable(told[e : e + 4])) for e in (0, 4, 8))
    assert first == second == third == list(range(13))
    assert told[:4] != told[4:8]
    assert [epochs(examples, 4, seed=4)(step) for step in range(4)] != told[:4]


def test_seeds_that_are_neighbours_share_nothing():
    seeds = [(a, b) for a in range(30) for b in range(30)]
    assert len({seeded(*each).initial_seed() for each in seeds}) == 900
    assert seeded(4, 2).initial_seed() == seeded(4, 2).initial_seed()


def test_batches_become_the_examples_that_they_are_of(tokenizer):
    rows = [" ".join(["w1", "w2", "w3", "w4"][: 1 + n % 4]) for n in range(7)]
    given = encode(pd.DataFrame({"first": rows, "second": rows[::-1], "label": range(7)}), tokenizer, 30)
    found = of_batches([given.batch([0, 1, 2]), given.batch([3, 4, 5, 6])])
    for name, sequence in given.sequences.items():
        assert all(torch.equal(one, other) for one, other in zip(sequence, found.sequences[name], strict=True))
    assert torch.equal(found.numbers["labels"], given.numbers["labels"])
    every = [*range(7)]
    assert all(torch.equal(tensor, given.batch(every)[name]) for name, tensor in found.batch(every).items())
