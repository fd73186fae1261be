"""What a classifier says of real maps that were labelled by the book's guide."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from accelerate import Accelerator
from pydantic import InstanceOf

from lottery.attention import patterns as attention_patterns
from lottery.attention.maps import MAPS
from lottery.attention.patterns import PATTERNS
from lottery.choices import named
from lottery.experiments import Start
from lottery.experiments.pattern_training import PatternTraining
from lottery.models import opening
from lottery.store import Run, Size, Source, parameters
from lottery.training.evaluation import Exam

COLUMNS = ("model", "task", "row", "layer", "head", "kind", "tokens", "first", "second")


@parameters
class LabelledPatterns:
    """The labelled maps of one model and task, made again from the model and its dev set, and classified.

    A sheet of labels is a .csv file, a row a map: by which `model` and of which `row` of the task's dev set it was
    made, of which layer and head (from 0), its kind ("raw" or "normed"), its number of tokens, and two labels.
    """

    version: ClassVar[int] = 1
    of: PatternTraining
    start: InstanceOf[Start]  # the model as pre-trained, and the task's data
    model: str  # what the sheet calls it
    task: named("tasks")
    labels: Source  # the sheet
    max_length: Size  # tokens of an example at most, as when it was labelled

    def perform(self, run: Run) -> dict[str, Any]:
        """Of each map, in the sheet's order: lists.

        kinds, in_layers, in_heads  which it is
        first_labels, second_labels  the two labels
        answers          what the classifier says, and `confidences`, how likely it takes that to be, in (0, 1]
        """
        sheet = self._sheet()
        source, task = self.start.weights(run), self.start.task_named(self.task)
        tokenizer = opening.tokenizer(source)
        model = opening.encoder(source).to(Accelerator().device)
        exam = Exam(task, self.start.tables(self.task), tokenizer, self.max_length)
        dev = exam.tables["dev"]
        if sheet["row"].max() >= len(dev):
            raise ValueError(f"{self.labels}: row {sheet['row'].max()} of {self.task}, whose dev set has {len(dev)}")
        labelled: dict[int, np.ndarray] = {}
        for kind, of_kind in sheet.groupby("kind"):
            rows = of_kind["row"].unique()
            given = exam.encoded(dev.iloc[rows].reset_index(drop=True))
            for position, maps in MAPS[kind](model, given):
                for at, line in of_kind[of_kind["row"] == rows[position]].iterrows():
                    if line["tokens"] != maps.shape[-1]:
                        raise ValueError(
                            f"row {line['row']} of {self.task} has {maps.shape[-1]} tokens where the labelled map had "
                            f"{line['tokens']}: the model or its data is another than the one labelled"
                        )
                    labelled[at] = maps[line["layer"], line["head"]].numpy()
        likely = self.of.classify(run)([labelled[at] for at in sheet.index])
        return {
            "kinds": sheet["kind"].tolist(),
            "in_layers": sheet["layer"].tolist(),
            "in_heads": sheet["head"].tolist(),
            "first_labels": sheet["first"].tolist(),
            "second_labels": sheet["second"].tolist(),
            "answers": [PATTERNS[place] for place in likely.argmax(1)],
            "confidences": likely.max(1).tolist(),
        }

    def _sheet(self) -> pd.DataFrame:
        path = Path(self.labels).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f"no file {self.labels}: give the sheet of labels as a .csv file")
        sheet = pd.read_csv(path)
        if lacking := [name for name in COLUMNS if name not in sheet]:
            raise ValueError(f"{self.labels} has no column {lacking[0]!r}; a sheet has {', '.join(COLUMNS)}")
        attention_patterns.require([*sheet["first"], *sheet["second"]], self.labels)
        if strange := sorted({*sheet["kind"]} - MAPS.keys(), key=str):
            raise ValueError(f"{self.labels}: no kind of map is called {strange[0]!r}; there are {' and '.join(MAPS)}")
        chosen = sheet[(sheet["model"] == self.model) & (sheet["task"] == self.task)]
        if chosen.empty:
            pairs = sorted({f"{row.model} on {row.task}" for row in sheet.itertuples()})
            raise ValueError(
                f"{self.labels} has no map of {self.model!r} on {self.task!r}, but of {', '.join(pairs) or 'none'}"
            )
        return chosen.reset_index(drop=True)
