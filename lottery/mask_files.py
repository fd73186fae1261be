"""Mask files: a mask, what it was made of and by, in one safetensors file that only its own model opens."""

import json
from pathlib import Path

import safetensors
import safetensors.torch

from lottery import files
from lottery.masks import Mask, fingerprint, pack, sparsity, unpack

FORMAT = "lottery-mask-1"
CODER = "bits"  # one bit a weight, eight to a byte


def save(path: Path, mask: Mask, *, model: str, method: str, asked: float, seed: int) -> None:
    """Write a mask with its header.

    model   what it was made on
    method  how its weights were chosen, a name in lottery/importance or a procedure
    asked   the sparsity that was asked for; the realised one is written beside it
    """
    shapes = {name: tuple(kept.shape) for name, kept in mask.items()}
    header = {
        "format": FORMAT,
        "coder": CODER,
        "model": model,
        "method": method,
        "sparsity_asked": repr(asked),
        "sparsity": repr(sparsity(mask)),
        "seed": str(seed),
        "fingerprint": fingerprint(shapes),
        "shapes": json.dumps(shapes),
    }
    content = safetensors.torch.save(pack(mask), metadata=header)
    with files.written(path) as partial:
        partial.write_bytes(_in_order(content))


def _in_order(content: bytes) -> bytes:
    """The same safetensors file with its metadata in the order of their names; the library draws one at random."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    told = json.dumps(header, separators=(",", ":")).encode()
    told += b" " * (-len(told) % 8)  # tensors begin at a multiple of eight
    return len(told).to_bytes(8, "little") + told + content[end:]


def load(path: Path) -> tuple[Mask, dict[str, str]]:
    """The mask and its header. Raises ValueError for what is no mask file, or one whose parts do not fit together."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            header = file.metadata() or {}
            packed = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- safe_open is no mapping
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
    if header.get("format") != FORMAT or header.get("coder") != CODER:
        raise ValueError(f"{path} is not a mask file of lottery (format {FORMAT}, coder {CODER})")
    shapes = {name: tuple(shape) for name, shape in json.loads(header["shapes"]).items()}
    if fingerprint(shapes) != header["fingerprint"] or shapes.keys() != packed.keys():
        raise ValueError(f"{path}: its names and shapes do not have the fingerprint in its header; make it again")
    mask = unpack(packed, shapes)
    if repr(sparsity(mask)) != header["sparsity"]:
        raise ValueError(f"{path}: its mask has sparsity {sparsity(mask)}, its header says {header['sparsity']}")
    return mask, header
