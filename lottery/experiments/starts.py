"""What a study starts from: a pre-trained model, and the data of a task."""

from pathlib import Path
from typing import ClassVar

import pandas as pd

from lottery.choices import choose
from lottery.experiments.miniature import Miniature
from lottery.masks import Mask
from lottery.runs import Run, Source, parameters


@parameters
class Given:
    """A model (a folder, "minilm" or a hub name) and the folder of one task's files, as a user brings them."""

    version: ClassVar[int] = 1
    model: Source
    data: Source

    def weights(self, run: Run) -> str:
        """The model as it is."""
        return self.model

    def mask(self, run: Run) -> Mask:
        """Nothing is removed."""
        return {}

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task's published files, read from `data`."""
        return choose("tasks", task).read(Path(self.data))


def start(model: str, task: str, data_dir: str, *, seed: int, miniature_steps: int) -> Given | Miniature:
    """The start that a notebook's parameters name.

    model            "miniature", made here with `seed` and `miniature_steps` of pre-training; or "minilm", a folder,
                     a hub name
    data_dir         a downloaded glue_data folder, for any model but the miniature
    Raises ValueError where they do not fit together.
    """
    folder = choose("tasks", task).FOLDER
    if model == "miniature":
        if data_dir:
            raise ValueError(f"data_dir = {data_dir!r}: the miniature brings its own data; leave data_dir empty")
        return Miniature(seed=seed, steps=miniature_steps)
    if not (Path(data_dir) / folder).is_dir() or not data_dir:
        raise ValueError(
            f"data_dir = {data_dir!r} has no folder {folder!r}: for the model {model!r} and the task {task!r}, "
            f"give a folder laid out as GLUE's download"
        )
    return Given(model=model, data=str(Path(data_dir) / folder))
