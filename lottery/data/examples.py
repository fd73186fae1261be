"""Sentences as token ids, and batches of them sorted by length, so that little is spent on padding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Batch = dict[str, torch.Tensor]

IGNORED = -100  # the label of a token that has none, which torch's cross-entropy passes over


@dataclass(frozen=True)
class Examples:
    """n examples, each a few sequences of its own length and a few numbers.

    sequences  {"input_ids": n tensors (length,), "token_type_ids": ...}: int64, or floats for scores of the tokens
    numbers    {"labels": (n,) tensor, ...}, under the names by which the model takes them; labels of tokens are a
               sequence
    pad        {"input_ids": the padding token's id, ...}; 0 where a name is missing
    """

    sequences: dict[str, list[torch.Tensor]]
    numbers: dict[str, torch.Tensor]
    pad: dict[str, int]

    def __len__(self) -> int:
        return len(self.sequences["input_ids"])

    @property
    def lengths(self) -> torch.Tensor:
        """Number of tokens of each example, special ones included: (n,)."""
        return torch.tensor([len(ids) for ids in self.sequences["input_ids"]])

    def batch(self, indices: list[int]) -> Batch:
        """The named examples padded to the longest of them, with their attention_mask: (len(indices), longest)."""
        padded = {
            name: pad_sequence([rows[i] for i in indices], batch_first=True, padding_value=self.pad.get(name, 0))
            for name, rows in self.sequences.items()
        }
        ones = [torch.ones_like(self.sequences["input_ids"][i]) for i in indices]
        padded["attention_mask"] = pad_sequence(ones, batch_first=True)
        return padded | {name: values[indices] for name, values in self.numbers.items()}

    def inputs(self, indices: list[int], device: torch.device | str = "cpu") -> Batch:
        """A batch without the labels and other numbers, on a device: what a model reads that is asked, not trained."""
        answers = {*self.numbers, "labels"}
        return {name: each.to(device) for name, each in self.batch(indices).items() if name not in answers}


def one_by_one(table: pd.DataFrame) -> list[str]:
    """The texts of a table, each by itself: those of the column first, then, where there is one, those of second."""
    return [text for name in ("first", "second") if name in table for text in table[name]]


def encode(
    table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int, *, regression: bool = False
) -> Examples:
    """A table (columns first, second for pairs, label) as examples with `labels`, cut at `max_length` tokens.

    Raises ValueError where `max_length` leaves no room for a token of each text.
    """
    second = table["second"].tolist() if "second" in table else None
    require_room(tokenizer, max_length, pair=second is not None)
    encoded = tokenizer(table["first"].tolist(), second, truncation=True, max_length=max_length)
    labels = torch.tensor(table["label"].tolist(), dtype=torch.float32 if regression else torch.int64)
    return Examples(as_sequences(encoded, tokenizer), {"labels": labels}, padding(tokenizer))


def of_batches(batches: Iterable[Batch]) -> Examples:
    """Padded batches, such as those of a DataLoader, as examples: what a model's tokenizer and a collator have made.

    batches  {"input_ids": (batch, longest), "attention_mask": likewise, 1 where a token does not pad; by default all
             are real; and what else stands under the names by which the model takes it}
    Raises ValueError for no batches, and where one has no input_ids.
    """
    sequences: dict[str, list[torch.Tensor]] = {}
    numbers: dict[str, list[torch.Tensor]] = {}
    pad: dict[str, int] = {}
    for batch in batches:
        if "input_ids" not in batch:
            raise ValueError(f"a batch has {', '.join(batch) or 'nothing'} and no input_ids: give what the model takes")
        ids = batch["input_ids"]
        real = batch.get("attention_mask", torch.ones_like(ids)).bool()
        for name, tensor in batch.items():
            if name == "attention_mask":
                continue
            if tensor.shape != ids.shape:
                numbers.setdefault(name, []).append(tensor.cpu())
                continue
            sequences.setdefault(name, []).extend(row[here].cpu() for row, here in zip(tensor, real, strict=True))
            if not real.all():
                pad[name] = tensor[~real][0].item()
    if not sequences:
        raise ValueError("there are no batches: give one or more")
    return Examples(sequences, {name: torch.cat(parts) for name, parts in numbers.items()}, pad)


def require_room(tokenizer: PreTrainedTokenizerBase, max_length: int, *, pair: bool) -> None:
    """Raise ValueError where `max_length` leaves no room for a token of each text, for then nothing would be cut."""
    least = tokenizer.num_special_tokens_to_add(pair=pair) + 1 + pair
    if max_length < least:
        raise ValueError(
            f"max_length = {max_length}: {'a pair of texts takes' if pair else 'a text takes'} at least {least} tokens "
            "with those that stand around it, so give more"
        )


def reading(table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int) -> dict[str, float]:
    """What a tokenizer makes of a table's texts, as shares in [0, 1].

    unknown  of the tokens of the texts, those that the tokenizer has no piece for
    cut      of the rows, those that are longer than `max_length` tokens
    alike    of the rows, those whose tokens are those of a row above them, which no model can tell from it
    """
    second = table["second"].tolist() if "second" in table else None
    around = tokenizer.num_special_tokens_to_add(pair=second is not None)
    rows = tokenizer(table["first"].tolist(), second, add_special_tokens=False, verbose=False)["input_ids"]
    unknown = sum(row.count(tokenizer.unk_token_id) for row in rows)
    return {
        "unknown": unknown / max(1, sum(map(len, rows))),
        "cut": sum(len(row) + around > max_length for row in rows) / len(rows),
        "alike": 1 - len({tuple(row) for row in rows}) / len(rows),
    }


def as_sequences(encoded, tokenizer: PreTrainedTokenizerBase) -> dict[str, list[torch.Tensor]]:
    """The tokenizer's lists of ids as tensors, for the inputs its model takes."""
    names = [name for name in ("input_ids", "token_type_ids") if name in tokenizer.model_input_names]
    return {name: [torch.tensor(row, dtype=torch.int64) for row in encoded[name]] for name in names}


def padding(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """The ids that fill a sequence up."""
    return {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id}


def pack(examples: Examples) -> dict[str, torch.Tensor]:
    """The examples as a few flat tensors, to be stored: their sequences end to end, as int32, and their lengths."""
    flat = {f"sequences.{name}": torch.cat(rows).int() for name, rows in examples.sequences.items()}
    return (
        flat | {f"numbers.{name}": values for name, values in examples.numbers.items()} | {"lengths": examples.lengths}
    )


def unpack(packed: dict[str, torch.Tensor], pad: dict[str, int]) -> Examples:
    """The examples that `pack` was given."""
    lengths = packed["lengths"].tolist()
    kinds = {"sequences": {}, "numbers": {}}
    for label, values in packed.items():
        kind, _, name = label.partition(".")
        if kind == "sequences":
            kinds[kind][name] = list(values.long().split(lengths))
        elif kind == "numbers":
            kinds[kind][name] = values
    return Examples(kinds["sequences"], kinds["numbers"], pad)


def sorted_batches(lengths: torch.Tensor, batch_size: int) -> Iterator[list[int]]:
    """All examples once, longest first: positions in batches of alike length. For evaluation, where order is free."""
    order = lengths.argsort(descending=True, stable=True).tolist()
    return (order[i : i + batch_size] for i in range(0, len(order), batch_size))


def shuffled_batches(
    lengths: torch.Tensor, batch_size: int, generator: torch.Generator, *, pool: int = 32
) -> list[list[int]]:
    """One epoch: positions in batches of alike length, in random order.

    Examples are shuffled, cut into pools of `pool` batches, sorted by length inside a pool, cut into batches, and the
    batches shuffled. Every example comes once; only the last batch of the last pool may be smaller.
    """
    order = torch.randperm(len(lengths), generator=generator)
    batches = []
    for some in order.split(pool * batch_size):
        by_length = some[lengths[some].argsort(stable=True)]
        batches += [part.tolist() for part in by_length.split(batch_size)]
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def seeded(*seeds: int) -> torch.Generator:
    """A CPU generator whose seed mixes the given numbers, so that neighbouring seeds share nothing."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(seeds).generate_state(1)[0]))


def epochs(examples: Examples, batch_size: int, seed: int) -> Callable[[int], list[int]]:
    """Which examples make up the batch of a step: a function of the step alone, so that a resumed run goes on exactly.

    Epoch e is shuffled by a generator seeded with (seed, e).
    """
    lengths = examples.lengths
    per_epoch = -(-len(examples) // batch_size)
    known: dict[int, list[list[int]]] = {}

    def positions(step: int) -> list[int]:
        epoch, place = divmod(step, per_epoch)
        if epoch not in known:
            known.clear()
            known[epoch] = shuffled_batches(lengths, batch_size, seeded(seed, epoch))
        return known[epoch][place]

    return positions
