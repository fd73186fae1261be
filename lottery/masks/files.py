"""Mask files: a mask, what it was made of and by, in one safetensors file that only its own model opens."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from lottery import files
from lottery.masks import Mask, Shapes, boolean, fingerprint, pack, sparsity, stacked, unpack
from lottery.masks import coding as mask_coding

FORMAT = "lottery-mask-1"
# "bits": one bit a weight, eight to a byte, each matrix under its name; "entropy": as `mask_coding` encodes it.
Coder = Literal["bits", "entropy"]
FIELDS = {"format", "coder", "model", "method", "sparsity_asked", "sparsity", "seed", "fingerprint", "shapes"}
CHECKSUM = "checksum"  # files written before there was one are read without it


@dataclass(frozen=True)
class Scored:
    """The model that a mask was found and scored on; files written before this was told are read without it.

    weights      the `masks.digest` of what the mask leaves of the weights it covers, as they were scored; of a mask of
                 components that of all matrices of the layers
    trained      whether those weights were trained with the mask, so that it is nothing without them
    task         a name in lottery/tasks, or "own"; "" where it was scored on none
    labels       the names of its classes, in order
    head         a name in lottery/task_heads, or ""
    head_weights  the digest of a head that was trained with the mask, or ""
    """

    weights: str
    trained: bool
    task: str = ""
    labels: tuple[str, ...] = ()
    head: str = ""
    head_weights: str = ""


SCORED = "scored"


def save(
    path: Path,
    mask: Mask,
    *,
    model: str,
    method: str,
    asked: float,
    seed: int,
    coder: Coder | Literal["smallest"] = "bits",
    scored: Scored | None = None,
) -> None:
    """Write a mask, of bools or of zeros and ones, with its header.

    model   what it was made on
    method  how its weights were chosen, a name in lottery/importance or a procedure
    asked   the sparsity that was asked for; the realised one is written beside it
    coder   "bits", quick to write and to read; "entropy"; or whichever of them takes less: at half the weights kept
            there is nothing to gain, and on a BERT-base the entropy coder takes some seconds
    scored  the model it was scored on, where it was

    Raises ValueError for a mask that holds anything else, and OSError where it cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "mask.safetensors"
    ...     save(file, {"a": torch.tensor([True, False])}, model="mine", method="by hand", asked=0.5, seed=0)
    ...     mask, header = load(file)
    >>> mask, header["sparsity"]
    ({'a': tensor([ True, False])}, '0.5')
    """
    mask = boolean(mask)
    shapes = {name: tuple(kept.shape) for name, kept in mask.items()}
    coder, content = _coded(mask, coder)
    header = {
        "format": FORMAT,
        "coder": coder,
        "model": model,
        "method": method,
        "sparsity_asked": repr(asked),
        "sparsity": repr(sparsity(mask)),
        "seed": str(seed),
        "fingerprint": fingerprint(shapes),
        "shapes": json.dumps(shapes),
    }
    if scored:
        header[SCORED] = json.dumps(asdict(scored))
    header[CHECKSUM] = _checksum(header, mask)
    with files.written(path) as partial:
        partial.write_bytes(_in_order(safetensors.torch.save(content, metadata=header)))


def _coded(mask: Mask, coder: str) -> tuple[str, dict[str, Tensor]]:
    """What goes into the file, and the coder that made it."""
    if coder == "smallest":
        return min((_coded(mask, each) for each in ("bits", "entropy")), key=lambda made: _bytes(made[1]))
    if coder == "bits":
        return coder, pack(mask)
    return coder, {name: torch.from_numpy(array) for name, array in mask_coding.encode(mask).items()}


def _decoded(content: dict[str, Tensor], coder: str, shapes: Shapes) -> Mask:
    if coder == "bits":
        return unpack(content, shapes)
    return mask_coding.decode({name: tensor.numpy() for name, tensor in content.items()}, shapes)


def _checksum(header: Mapping[str, str], mask: Mask) -> str:
    """sha256, 64 hex digits, of the other fields of the header and of every bit of the mask."""
    whole = sha256(json.dumps(sorted((name, value) for name, value in header.items() if name != CHECKSUM)).encode())
    for _, bits in sorted(pack(mask).items()):
        whole.update(bits.numpy())
    return whole.hexdigest()


def _in_order(content: bytes) -> bytes:
    """The same safetensors file with its metadata in the order of their names; the library draws one at random."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    packed = json.dumps(header, separators=(",", ":")).encode()
    packed += b" " * (-len(packed) % 8)  # tensors begin at a multiple of eight
    return len(packed).to_bytes(8, "little") + packed + content[end:]


def load(path: Path) -> tuple[Mask, dict[str, str]]:
    """The mask, its names in sorted order, and its header.

    Raises ValueError for what is no mask file, and for one that was altered or whose parts do not fit together.
    """
    header, content = _opened(path)
    shapes = _shapes(path, header)
    try:
        mask = _decoded(content, header["coder"], shapes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; get the file anew") from error
    if repr(sparsity(mask)) != header["sparsity"]:
        raise ValueError(f"{path}: its mask has sparsity {sparsity(mask)}, its header says {header['sparsity']}")
    if header.get(CHECKSUM, checksum := _checksum(header, mask)) != checksum:
        raise ValueError(f"{path} was altered: it does not have the checksum in its header; get it anew")
    return mask, header


def scored(header: Mapping[str, str]) -> Scored | None:
    """What the header of a mask file tells of the model it was scored on; None where it does not."""
    if SCORED not in header:
        return None
    told = json.loads(header[SCORED])
    return Scored(**told | {"labels": tuple(told["labels"])})


def payload(path: Path) -> tuple[str, int]:
    """The coder of a mask file, and how many bytes it took for the mask; the rest is the header. Raises as `load`."""
    header, content = _opened(path)
    return header["coder"], _bytes(content)


def _bytes(content: dict[str, Tensor]) -> int:
    return sum(tensor.nbytes for tensor in content.values())


def _opened(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give a mask file (.safetensors)")
    try:
        with safetensors.safe_open(path, "pt") as file:
            header = file.metadata() or {}
            content = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- safe_open is no mapping
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
    coders = get_args(Coder)
    if header.keys() - {CHECKSUM, SCORED} != FIELDS or header["format"] != FORMAT or header["coder"] not in coders:
        raise ValueError(f"{path} is not a mask file of lottery (format {FORMAT}, coder {' or '.join(coders)})")
    return header, content


def _shapes(path: Path, header: dict[str, str]) -> Shapes:
    try:
        shapes = {name: tuple(shape) for name, shape in sorted(json.loads(header["shapes"]).items())}
        fits = fingerprint(shapes) == header["fingerprint"]
    except (AttributeError, TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"{path}: its names and shapes do not have the fingerprint in its header; make it again")
    return shapes


def side_by_side(
    paths: Sequence[Path], foreign: Callable[[Path], Mask | None] = lambda path: None
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Several masks of one model: their names, and what they keep, as `agreement` takes it.

    paths    mask files, and folders that hold some (*.safetensors); at least two masks in all
    foreign  reads the mask of another program, of a file or of a folder; None of what is none
    returns  names, without what all have in common; {"heads": (masks, layers, heads), "mlps": (masks, layers)}, and
             "neurons": (masks, layers, neurons) where they tell of them, of masks of components, {"weights": (masks,
             weights)} of others, matrix after matrix by their names; bool
    Raises ValueError for fewer than two files, what is no mask file, and masks of models of other shapes;
    FileNotFoundError for a path that is not there.
    """
    others = {path: mask for path in paths if path.exists() and (mask := foreign(path)) is not None}
    mask_paths = [
        file
        for path in paths
        for file in (sorted(path.glob("*.safetensors")) if path.is_dir() and path not in others else [path])
    ]
    if missing := [path for path in mask_paths if not path.exists()]:
        raise FileNotFoundError(f"{missing[0]} does not exist: give mask files, or folders that hold some")
    if doubled := [
        path for number, path in enumerate(mask_paths) if path.resolve() in map(Path.resolve, mask_paths[:number])
    ]:
        raise ValueError(f"{doubled[0]} is given twice: a mask agrees with itself")
    if len(mask_paths) < 2:
        given = ", ".join(map(str, paths))
        found = "one mask file" if mask_paths else "no mask file"
        raise ValueError(f"{given}: {found} (*.safetensors) there; agreement takes two or more")
    read = [others[path] if path in others else load(path)[0] for path in mask_paths]
    first = _shape_of(read[0])
    for path, mask in zip(mask_paths, read, strict=True):
        if _shape_of(mask) != first:
            raise ValueError(f"{mask_paths[0]} and {path} are masks of models of other shapes: give those of one model")
    return _told_apart(mask_paths), stacked(read)


def _shape_of(mask: Mask) -> str:
    return fingerprint({name: tuple(kept.shape) for name, kept in mask.items()})


def _told_apart(paths: Sequence[Path]) -> list[str]:
    """Paths without the parts that all of them have in common."""
    parts = [path.absolute().with_suffix("").parts for path in paths]
    if len({len(part) for part in parts}) > 1:
        names = ["/".join(part[-2:]) for part in parts]
        return names if len(set(names)) == len(names) else [str(path) for path in paths]
    differing = [place for place in range(len(parts[0])) if len({part[place] for part in parts}) > 1]
    return ["/".join(part[place] for place in differing) or parts[0][-1] for part in parts]
