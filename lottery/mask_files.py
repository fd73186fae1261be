"""Mask files: a mask, what it was made of and by, in one safetensors file that only its own model opens."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch

from lottery import components, files
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


def side_by_side(paths: Sequence[Path]) -> tuple[list[str], dict[str, np.ndarray]]:
    """Several masks of one model: their names, and what they keep, as `agreement` takes it.

    paths    mask files, and folders that hold some (*.safetensors); at least two files in all
    returns  names, without what all have in common; {"heads": (masks, layers, heads), "mlps": (masks, layers)} of masks
             of components, {"weights": (masks, weights)} of others, matrix after matrix by their names; bool
    Raises ValueError for fewer than two files, what is no mask file, and masks of models of other shapes;
    FileNotFoundError for a path that is not there.
    """
    found = [file for path in paths for file in (sorted(path.glob("*.safetensors")) if path.is_dir() else [path])]
    if missing := [path for path in found if not path.exists()]:
        raise FileNotFoundError(f"{missing[0]} does not exist: give mask files, or folders that hold some")
    if doubled := [path for number, path in enumerate(found) if path.resolve() in map(Path.resolve, found[:number])]:
        raise ValueError(f"{doubled[0]} is given twice: a mask agrees with itself")
    if len(found) < 2:
        told = ", ".join(map(str, paths))
        raise ValueError(f"{told}: {len(found)} mask file(s) (*.safetensors) there; agreement takes two or more")
    read = [load(path) for path in found]
    first = read[0][1]["fingerprint"]
    for path, (_, header) in zip(found, read, strict=True):
        if header["fingerprint"] != first:
            raise ValueError(f"{found[0]} and {path} are masks of models of other shapes: give those of one model")
    parts, weights = zip(*(components.parted(mask) for mask, _ in read), strict=True)
    kept = {name: torch.stack([part[name] for part in parts]).numpy() for name in parts[0]}
    if weights[0]:
        flat = [torch.cat([mask[name].flatten() for name in sorted(mask)]) for mask in weights]
        kept["weights"] = torch.stack(flat).numpy()
    return _told_apart(found), kept


def _told_apart(paths: Sequence[Path]) -> list[str]:
    """Paths without the parts that all of them have in common."""
    parts = [path.absolute().with_suffix("").parts for path in paths]
    if len({len(part) for part in parts}) > 1:
        names = ["/".join(part[-2:]) for part in parts]
        return names if len(set(names)) == len(names) else [str(path) for path in paths]
    differing = [place for place in range(len(parts[0])) if len({part[place] for part in parts}) > 1]
    return ["/".join(part[place] for place in differing) or parts[0][-1] for part in parts]
