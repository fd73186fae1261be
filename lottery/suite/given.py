"""What a notebook is given, and from where its paths are meant: typed to a command, or set by whoever runs its kernel.

A path is meant from where it is typed, or from the folder of the kernel that reads it. Only the notebook's own places,
as the store of runs, are the checkout's, whatever kernel asks for them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lottery.suite import notebooks
from lottery.suite.notebooks import PLACES

MODELS = ("model", "models", "answering")  # parameters that name models: those on offer, folders, or names of the hub
DATA = "data_dir"  # a folder, or the hub
PATHS = (*MODELS, DATA, "train_file", "dev_file", "text", "maps", "labels_file", *PLACES)


def from_folder(folder: Path, root: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, with the paths among them as they are meant from a folder; ~ is the home folder.

    A path inside the checkout `root` becomes one relative to it, as a notebook is executed there, and any other one
    absolute. What is a path is told by the parameter, not by what happens to lie there; but a model is one of the hub
    where it may be and there is no such folder.
    """

    def placed(parameter: str, text: str) -> str:
        path = _path(parameter, text, folder)
        inside = path and path.is_relative_to(root) and ".." not in path.parts
        return str(path.relative_to(root) if inside else path or text)

    return _with_paths(parameters, placed)


def given(name: str, scope: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a notebook as its kernel has them, in the types of their defaults and with paths that hold.

    name   "<folder>/<name>" of the notebook
    scope  its globals
    The notebook's own places are in the checkout. Any other relative path is meant from the kernel's folder or, where
    nothing lies there, from the checkout. Raises ValueError for a value of another type than its default's: papermill
    alone takes a list for a text.
    """
    root, here = notebooks.checkout(), Path.cwd()
    defaults = notebooks.defaults(root, name)
    parameters = {parameter: scope[parameter] for parameter in defaults if parameter in scope}
    for parameter, value in parameters.items():
        if flag := _flag(parameter, value, defaults[parameter]):
            raise ValueError(f"notebook {name}: {parameter} = {value!r} is misread: papermill takes it by {flag}")
    parameters = notebooks.resolve(root, name, parameters)
    if here == root:
        return from_folder(root, root, parameters)

    def placed(parameter: str, text: str) -> str:
        from_here, from_root = (_path(parameter, text, folder) for folder in (here, root))
        if parameter not in PLACES and from_here and from_here.exists():
            return str(from_here)
        return str(from_root or text)

    return _with_paths(parameters, placed)


def _with_paths(parameters: Mapping[str, Any], placed: Callable[[str, str], str]) -> dict[str, Any]:
    """The parameters, `placed` in the place of every text that names a path, alone or in a list."""

    def changed(parameter: str, value: Any) -> Any:
        if isinstance(value, list):
            return [changed(parameter, item) for item in value]
        return placed(parameter, value) if isinstance(value, str) and value else value

    return {
        parameter: changed(parameter, value) if parameter in PATHS else value for parameter, value in parameters.items()
    }


def _path(parameter: str, text: str, folder: Path) -> Path | None:
    """Where a path is, as it is meant from a folder; None for a text that is none, but a name."""
    if "://" in text:
        raise ValueError(
            f"{parameter} = {text!r} is an address: download what lies there and give its path, or, of a model on the "
            "Hugging Face hub, its name"
        )
    path = folder / Path(text).expanduser()
    if parameter == DATA:
        return None if text == "hub" else path
    if parameter in MODELS:
        from lottery import miniature  # pandas: a part of a second, where a model is given

        may_be = not text.startswith((".", "/", "~")) and not text.endswith("/") and text.count("/") < 2
        return None if text in (*miniature.NAMES, "minilm") or (may_be and not path.is_dir()) else path
    return path


def _flag(parameter: str, value: Any, default: Any) -> str:
    """The words by which papermill takes a value as it was meant; "" where it has."""
    if isinstance(default, list) and isinstance(value, str):
        return f"-y '{parameter}: {value}', as every list, and not by -p"
    if isinstance(default, str) and default != notebooks.AUTO and isinstance(value, (int, float)):
        return f"-r {parameter} {value}, as every text that looks like a number, and not by -p"
    return ""
