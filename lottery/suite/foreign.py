"""Masks of other programs, read from their files and folders. Nothing is unpickled but tensors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import NamedTuple

import numpy as np
import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from lottery.masks import HEADS, Mask, Shapes
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.pruning import components, foreign

HEAD_MASK, MLP_MASK = "head_mask.npy", "mlp_mask.npy"  # of Prasanna et al. 2020
STATES = (".pt", ".pth", ".bin")
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
BERT_BASE = 84_934_656  # weights of the matrices of its layers: what the masks are of that SMP's authors publish
KNOWN = (
    "SMP's .npy, a folder with Prasanna's head_mask.npy and mlp_mask.npy, a file of torch.nn.utils.prune's masks "
    "(.safetensors, .pt), or a folder of a model with zeros"
)


class Found(NamedTuple):
    """A mask of another program, and what made it, in a word or two."""

    mask: Mask
    method: str


def is_foreign(path: Path) -> bool:
    """Whether there lies something that may be another program's mask, and no mask file of ours or folder of them."""
    if path.is_dir():
        return any((path / name).is_file() for name in (HEAD_MASK, MLP_MASK, "config.json"))
    if path.suffix == ".safetensors" and path.is_file():
        return not _is_ours(path)
    return path.suffix in (".npy", *STATES)


def read(path: Path, *, model: str = "", embeddings: bool = False, pooler: bool = False) -> Found:
    """The mask that another program has left.

    path                a file or a folder, one of KNOWN
    model               what it is of, where the file does not say it, as for `opening.locate`
    embeddings, pooler  of a model with zeros, whether its word embeddings and its pooler are covered, too

    Raises ValueError in one sentence where it is none of these, and FileNotFoundError where there is nothing.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give {KNOWN}")
    if not is_foreign(path):
        if path.suffix == ".safetensors":
            raise ValueError(f"{path} is a mask file of lottery already: use it as it is")
        unpack = "unpack it first, or " if path.suffix == ".zip" else ""
        raise ValueError(f"{path} is no mask that is known: {unpack}give {KNOWN}")
    return _read(path, model, embeddings, pooler)


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Inside the block what is wrong with tensors is told with the name of their file, which they do not know."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read(path: Path, model: str, embeddings: bool, pooler: bool) -> Found:
    if path.is_dir():
        if any((path / name).is_file() for name in (HEAD_MASK, MLP_MASK)):
            heads, mlps = (_array(path / name) if (path / name).is_file() else None for name in (HEAD_MASK, MLP_MASK))
            return Found(_of_components(heads, mlps, path, model), "heads and MLPs, imported")
        if (state := _state_beside(path)) is not None:
            return Found(_of_buffers(state, path), "torch.nn.utils.prune, imported")
        weights = opening.encoder_weights(str(path), embeddings=embeddings, pooler=pooler)
        with _about(path):
            return Found(foreign.of_zeros(weights), "zeros, imported")
    if path.suffix == ".npy":
        array = _array(path)
        if array.ndim == 2:
            return Found(_of_components(array, None, path, model), "heads, imported")
        shapes = _shapes(model, array, path)
        with _about(path):
            return Found(foreign.of_packed(array, shapes), "SMP, imported")
    return Found(_of_buffers(_state(path), path), "torch.nn.utils.prune, imported")


def _of_components(heads: np.ndarray | None, mlps: np.ndarray | None, path: Path, model: str) -> Mask:
    config = opening.configuration(model) if model else None
    with _about(path):
        mask = foreign.of_components(heads, mlps, components.shapes(config)[HEADS][1] if config else None)
        if config:
            components.check(mask, config)
    return mask


def _of_buffers(state: dict[str, Tensor], path: Path) -> Mask:
    with _about(path):
        return foreign.of_buffers(state)


def _array(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:  # np.load leaves an archive of arrays open
            return np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no array of numpy, or one of objects, which are not unpickled") from error


def _state(path: Path) -> dict[str, Tensor]:
    try:
        state = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (safetensors.SafetensorError, UnpicklingError, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise ValueError(f"{path} holds something else than tensors, and nothing else is unpickled") from error
    if not isinstance(state, dict) or not all(isinstance(each, Tensor) for each in state.values()):
        raise ValueError(f"{path} holds something else than tensors by their names: save `model.state_dict()`")
    return state


def _state_beside(folder: Path) -> dict[str, Tensor] | None:
    """The state in a model's folder, where it has masks among its weights."""
    for file in (folder / name for name in WEIGHTS):
        if file.is_file():
            state = _state(file)
            return state if any(name.endswith(foreign.BUFFER) for name in state) else None
    return None


def _shapes(model: str, packed: np.ndarray, path: Path) -> Shapes:
    """Of the matrices of a model's layers; without a name those of BERT-base, if the array is as long as its mask."""
    from transformers import AutoModel, BertConfig

    if not model and 8 * packed.size != BERT_BASE:
        raise ValueError(f"{path} is not of BERT-base, whose mask takes {BERT_BASE // 8:,} bytes: say of which --model")
    config = opening.configuration(model) if model else BertConfig()
    with torch.device("meta"):  # shapes alone
        weights = families.prunable(AutoModel.from_config(config), embeddings=False, pooler=False)
    return {name: tuple(weight.shape) for name, weight in weights.items()}


def _is_ours(path: Path) -> bool:
    try:
        with safetensors.safe_open(path, "pt") as file:
            return (file.metadata() or {}).get("format") == mask_files.FORMAT
    except safetensors.SafetensorError:
        return True  # none at all, as its reader says
