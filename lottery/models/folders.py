"""The files of a saved model's folder: which are read, and which belong to it though nothing here reads them."""

import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open

from lottery import files

# All that is opened of an encoder, as patterns of names at its folder's top: what else lies there changes nothing.
TOKENIZER = (
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",  # of sentencepiece
)
FILES = (
    "config.json",
    "lottery.json",  # what is left of a cut model
    "*.safetensors",
    "*.safetensors.index.json",
    "adapter_config.json",  # transformers looks for it where peft is installed
    *TOKENIZER,
)
# The same of a model's folder: older ones of sentence-transformers have the encoder in a folder of its own.
READ = (*FILES, *(f"0_*/{name}" for name in FILES))

# What a changed model is written anew as.
WEIGHTS = ("config.json", "lottery.json", "*.safetensors", "*.safetensors.index.json")
# A model's card and licence, and what sentence-transformers reads beside the modules that modules.json names.
CARD = ("README.md", "LICENSE*", "NOTICE*", "config_sentence_transformers.json", "sentence_*_config.json")
MODULES = "modules.json"
NUMBERS = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}


class Module(NamedTuple):
    """A module of a sentence encoder: the name of its class in sentence-transformers, and where its settings lie."""

    kind: str
    place: Path


def encoder(folder: Path) -> Path:
    """Where in a model's folder the encoder lies: at the top, or where modules.json has the first of its modules.

    Raises ValueError as `modules`.
    """
    if (folder / "config.json").is_file() or not (folder / MODULES).is_file():
        return folder
    first, *_ = (*modules(folder), Module("", folder))
    return first.place if first.place.name.startswith("0_") else folder


def accompany(folder: Path, changed: Path, *, without: Collection[str] = ()) -> None:
    """Copy what goes with a model's weights into the folder that they have been written to, changed, at its top.

    That is the tokenizer, card and licence, and the other modules of a sentence encoder, which pool and normalise what
    it puts out, with a modules.json that has the encoder at the top.
    without  names of files that are not copied
    Raises ValueError as `modules`.
    """
    place = encoder(folder)
    copied = {path.relative_to(place): path for path in files.visible(place, *FILES, *CARD)}
    copied = {name: path for name, path in copied.items() if path not in files.visible(place, *WEIGHTS)}
    copied |= {path.relative_to(folder): path for path in files.visible(folder, *CARD)}
    behind = modules(folder) if (folder / MODULES).is_file() else []
    for module in behind:
        if module.place not in (folder, place):
            copied |= {path.relative_to(folder): path for path in files.visible(module.place, "**/*")}
    for name, path in copied.items():
        if str(name) not in without:
            (changed / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, changed / name)
    if behind and place == folder:
        shutil.copyfile(folder / MODULES, changed / MODULES)
    elif behind:
        told = json.loads((folder / MODULES).read_text(encoding="utf-8"))
        at_top = [each | {"path": ""} if folder / each["path"] == place else each for each in told]
        files.write_json(changed / MODULES, at_top)


def modules(folder: Path) -> list[Module]:
    """The modules of a sentence encoder in their order, as modules.json tells them; the encoder is the first.

    Raises ValueError where it tells of none, or of one outside of the folder.
    """
    try:
        told = json.loads((folder / MODULES).read_text(encoding="utf-8"))
        paths = [str(each["path"]) for each in told]
        kinds = [
            str(each.get("type", path.partition("_")[2])).rpartition(".")[2]
            for path, each in zip(paths, told, strict=True)
        ]
        found = [Module(kind, folder / path) for kind, path in zip(kinds, paths, strict=True)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder / MODULES} is no list of modules with their paths: get it anew") from error
    for module in found:
        if not module.place.resolve().is_relative_to(folder.resolve()):
            name = str(module.place).removeprefix(f"{folder}/")
            raise ValueError(f"{folder / MODULES} names the module {name!r}, which is outside of the folder")
    return found


def number_type(folder: Path) -> torch.dtype:
    """The type that holds all numbers of a model's safetensors: that in which they are saved, the widest of several."""
    widest = None
    for path in files.visible(folder, "*.safetensors"):
        with safe_open(path, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118  no mapping
                if kind := NUMBERS.get(tensors.get_slice(name).get_dtype()):
                    widest = kind if widest is None else torch.promote_types(widest, kind)
    return widest or torch.float32


def weights_bytes(folder: Path) -> int:
    """Bytes of the safetensors files of a saved model."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))
