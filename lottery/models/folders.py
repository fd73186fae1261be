"""The files of a saved model's folder: which are read, and which belong to it though nothing here reads them."""

import json
from pathlib import Path

import torch
from safetensors import safe_open

from lottery import files

# All that is opened, as patterns of names at the folder's top: what else lies there changes nothing.
READ = (
    "config.json",
    "lottery.json",  # what is left of a cut model
    "*.safetensors",
    "*.safetensors.index.json",
    "adapter_config.json",  # transformers looks for it where peft is installed
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",  # of sentencepiece
)

# What a changed model is written anew as.
WEIGHTS = ("config.json", "lottery.json", "*.safetensors", "*.safetensors.index.json")
# A model's card and licence, and what sentence-transformers reads beside the modules that modules.json names.
CARD = ("README.md", "LICENSE*", "NOTICE*", "config_sentence_transformers.json", "sentence_*_config.json")
MODULES = "modules.json"
NUMBERS = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}


def companions(folder: Path) -> list[Path]:
    """What goes with the weights of a saved model, as paths below its folder: tokenizer, card, licence, and the other
    modules of a sentence encoder, which pool and normalise what it puts out.

    Raises ValueError where modules.json names a module outside of the folder.
    """
    kept = {*files.visible(folder, *READ, *CARD)} - {*files.visible(folder, *WEIGHTS)}
    if (folder / MODULES).is_file():
        kept.add(folder / MODULES)
        for module in modules(folder):
            kept |= {*files.visible(module, "**/*")}
    return sorted(path.relative_to(folder) for path in kept)


def modules(folder: Path) -> list[Path]:
    """The folders of the modules behind the encoder, which is at the top, as modules.json names them.

    Raises ValueError where it names none, or one outside of the folder.
    """
    try:
        names = [str(module["path"]) for module in json.loads((folder / MODULES).read_text(encoding="utf-8"))]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder / MODULES} is no list of modules with their paths: get it anew") from error
    places = [folder / name for name in names if name]
    if outside := [name for name in names if not (folder / name).resolve().is_relative_to(folder.resolve())]:
        raise ValueError(f"{folder / MODULES} names the module {outside[0]!r}, which is outside of the folder")
    return places


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
