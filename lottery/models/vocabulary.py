"""A vocabulary cut down to what one's texts use: word pieces, their rows of the embeddings and of the MLM decoder.

Texts made of the pieces that stay are read, piece by piece, as before, and encoded to the last bit; a head may round
the last bit otherwise. Other texts are written with smaller pieces. What is edited is what tokenizers saves as
tokenizer.json, a dict here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer

from lottery import files
from lottery.models.families import FAMILIES

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

# The files of a tokenizer beside tokenizer.json, which tell the same once more and would tell it of the whole one.
OTHERS = ("vocab.txt", "vocab.json", "merges.txt", "added_tokens.json", "*.model")
BYTE = re.compile(r"<0x[0-9A-F]{2}>")  # a piece for one byte of what has no piece


def told(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """What a tokenizer is, as its tokenizer.json. Raises ValueError where it is written in Python, and has none."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ValueError(
            f"{type(tokenizer).__name__} has no tokenizer.json, which is what is cut: save it as a fast tokenizer first"
        )
    return json.loads(backend.to_str())


def used(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> set[int]:
    """The numbers of the pieces that texts are made of."""
    rows = tokenizer([*texts], add_special_tokens=False, verbose=False)["input_ids"]
    return {number for row in rows for number in row}


def staying(tokenizer: dict[str, Any], pieces: Iterable[int], config: PreTrainedConfig) -> list[int]:
    """The numbers of all that has to stay for these pieces to be found again, in order.

    tokenizer  as by `told`
    pieces     as by `used`
    Beside them stay added and special tokens; every single character, so that no text becomes unknown whose characters
    all have pieces of their own; every piece with a character that has none; and what the tokenizer's rule needs to
    come to the same pieces: for BPE those that they are joined from, for Unigram one with the lowest score, by which
    it weighs what is unknown. Raises ValueError for a tokenizer of another kind.
    """
    model, numbers = tokenizer["model"], _numbers(tokenizer["model"])
    named = {number: piece for piece, number in numbers.items()}
    kept = {each["id"] for each in tokenizer["added_tokens"]} | {*_special(config)}
    kept |= {number for piece, number in numbers.items() if BYTE.fullmatch(piece) or _lacking(piece, model, numbers)}
    kept |= {number for piece, number in numbers.items() if len(_parts(piece, model)) <= 1}
    if model.get("unk_token") in numbers:
        kept.add(numbers[model["unk_token"]])
    kept |= {*pieces}
    if model["type"] == "BPE":
        joined = _joining(model)
        kept |= {numbers[part] for number in tuple(kept) if number in named for part in joined(named[number])}
    if model["type"] == "Unigram":
        scores = [score for _, score in model["vocab"]]
        kept |= {scores.index(min(scores))} | ({model["unk_id"]} - {None})
    if FAMILIES[config.model_type].shifted:  # positions are counted from the number of the padding token
        kept |= {*range(config.pad_token_id)}
    return sorted(kept)


def of_texts(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str], config: PreTrainedConfig) -> list[int]:
    """The numbers of all pieces that have to stay for these texts, as by `staying`. Raises as that and `told` do."""
    return staying(told(tokenizer), used(tokenizer, texts), config)


def trimmed(tokenizer: dict[str, Any], kept: Sequence[int]) -> dict[str, Any]:
    """The tokenizer with these pieces alone, numbered anew in their order.

    kept  as by `staying`
    """
    new, model = {number: place for place, number in enumerate(kept)}, dict(tokenizer["model"])
    if model["type"] == "Unigram":
        model["vocab"] = [each for number, each in enumerate(model["vocab"]) if number in new]
        model["unk_id"] = new.get(model["unk_id"])
    else:
        model["vocab"] = {piece: new[number] for piece, number in model["vocab"].items() if number in new}
    if model["type"] == "BPE":
        pieces = model["vocab"]
        model["merges"] = [pair for pair in map(_pair, model["merges"]) if {*pair, "".join(pair)} <= pieces.keys()]
    made = tokenizer | {
        "model": model,
        "added_tokens": [each | {"id": new[each["id"]]} for each in tokenizer["added_tokens"]],
        "post_processor": _renumbered(tokenizer.get("post_processor"), new),
    }
    if padding := tokenizer.get("padding"):
        made["padding"] = padding | {"pad_id": new[padding["pad_id"]]}
    return made


def write(tokenizer: PreTrainedTokenizerBase, kept: Sequence[int], folder: Path) -> None:
    """Save a tokenizer with these pieces alone, as of `trimmed`."""
    tokenizer.save_pretrained(folder)
    for path in files.visible(folder, *OTHERS):
        path.unlink()
    text = json.dumps(trimmed(told(tokenizer), kept), ensure_ascii=False)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    if "added_tokens_decoder" in (settings := files.read_json(folder / "tokenizer_config.json")):
        del settings["added_tokens_decoder"]  # by number; tokenizer.json tells them too
        files.write_json(folder / "tokenizer_config.json", settings)


@torch.no_grad()
def cut(model: PreTrainedModel, kept: Sequence[int]) -> None:
    """Leave only the rows of these pieces of a model's tables, numbered anew in their order, in place.

    kept  in ascending order
    The tables are the word embeddings and the decoder of the MLM head, tied to them or not, with its bias; numbers of
    tokens that stand in the configuration follow. Raises ValueError where the model has no row for one of them.
    """
    old = model.config.vocab_size
    if kept[-1] >= old:
        raise ValueError(f"the tokenizer has a piece {kept[-1]}, the model rows for {old}: give those of one model")
    index = torch.tensor(kept, device=model.device)
    done: dict[int, torch.nn.Parameter] = {}
    for table in (model.get_input_embeddings(), model.get_output_embeddings()):
        if table is None:
            continue
        for name in ("weight", "bias"):
            whole = getattr(table, name, None)
            if whole is not None:
                done.setdefault(
                    id(whole), torch.nn.Parameter(whole.index_select(0, index), requires_grad=whole.requires_grad)
                )
    for module in model.modules():  # a bias of the decoder is known to its head, too
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) in done:
                setattr(module, name, done[id(parameter)])
    words = model.get_input_embeddings()
    words.num_embeddings = len(kept)
    if (decoder := model.get_output_embeddings()) is not None:
        decoder.out_features = len(kept)
    new = {number: place for place, number in enumerate(kept)}
    for name, given in _token_numbers(model.config).items():
        several = [new.get(number) for number in given] if isinstance(given, list) else new.get(given)
        setattr(model.config, name, several)
    model.config.vocab_size = len(kept)
    if words.padding_idx is not None:
        words.padding_idx = model.config.pad_token_id


def _token_numbers(config: PreTrainedConfig) -> dict[str, Any]:
    """{pad_token_id: 0, ...}: what in a configuration is the number of a token, or a list of such."""
    entries = config.to_dict()
    return {name: given for name, given in entries.items() if name.endswith("_token_id") and given is not None}


def _special(config: PreTrainedConfig) -> list[int]:
    found = _token_numbers(config).values()
    numbers = [number for given in found for number in (given if isinstance(given, list) else [given])]
    return [number for number in numbers if 0 <= number < config.vocab_size]


def _numbers(model: dict[str, Any]) -> dict[str, int]:
    kind = model["type"]
    if kind == "Unigram":
        return {piece: number for number, (piece, _) in enumerate(model["vocab"])}
    if kind not in ("WordPiece", "BPE"):
        raise ValueError(
            f"the tokenizer is of the kind {kind}, whose words have no smaller pieces: without one it would be unknown"
        )
    if kind == "BPE" and (model.get("continuing_subword_prefix") or model.get("end_of_word_suffix")):
        raise ValueError("the tokenizer marks pieces by their place in a word, which is not known here for BPE")
    return model["vocab"]


def _parts(piece: str, model: dict[str, Any]) -> list[str]:
    """The pieces of one character that it would be written with."""
    if model["type"] != "WordPiece":
        return [*piece]
    prefix = model["continuing_subword_prefix"]
    inside = piece.removeprefix(prefix)
    return [c if place == 0 and inside == piece else prefix + c for place, c in enumerate(inside)]


def _lacking(piece: str, model: dict[str, Any], numbers: Mapping[str, int]) -> bool:
    return any(part not in numbers for part in _parts(piece, model))


def _pair(merge: str | Sequence[str]) -> tuple[str, str]:
    """The two pieces that are joined; old files have them in one text."""
    return tuple(merge.split(" ", 1)) if isinstance(merge, str) else tuple(merge)


def _joining(model: dict[str, Any]) -> Callable[[str], set[str]]:
    """piece -> all that it is joined from, step by step, by the order of the merges."""
    ranks = {_pair(merge): rank for rank, merge in enumerate(model["merges"])}

    def joined(piece: str) -> set[str]:
        now, seen = [*piece], {*piece}
        while found := [(ranks[pair], at) for at, pair in enumerate(pairwise(now)) if pair in ranks]:
            _, at = min(found)
            now[at : at + 2] = ["".join(now[at : at + 2])]
            seen.add(now[at])
        return seen & model["vocab"].keys()

    return joined


def _renumbered(processor: dict[str, Any] | None, new: Mapping[int, int]) -> dict[str, Any] | None:
    """What puts special tokens around a text, with their new numbers."""
    if processor is None:
        return None
    made = dict(processor)
    if "processors" in made:
        made["processors"] = [_renumbered(each, new) for each in made["processors"]]
    if "special_tokens" in made:
        made["special_tokens"] = {
            name: each | {"ids": [new[number] for number in each["ids"]]}
            for name, each in made["special_tokens"].items()
        }
    for name in {"sep", "cls"} & made.keys():
        piece, number = made[name]
        made[name] = [piece, new[number]]
    return made
