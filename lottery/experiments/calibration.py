"""The texts that a score reads which sees data."""

from typing import ClassVar

import torch
from pydantic import InstanceOf
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery.data import examples
from lottery.data.examples import Examples, seeded
from lottery.experiments import Start
from lottery.models import families
from lottery.store import Count, Size, parameters

ORDER = 0  # the seed of the one order in which every split is taken


@parameters
class Calibration:
    """Some of the examples of a task, without their labels, from which a model's inputs are measured."""

    version: ClassVar[int] = 1
    of: InstanceOf[Start]  # whose data
    task: str
    split: str
    texts: Size  # examples; pairs count as one
    place: Count  # of the sets of so many that one random order of the split falls into, none of which share a row
    pairs: bool  # whether both texts of a pair are read together; False: the first one alone
    max_length: Size  # tokens of an example, at most

    def examples(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Examples:
        """What the model is to read. Raises ValueError where there are too few examples, or positions in the model."""
        families.check_length(model.config, self.max_length)
        table = self.of.tables(self.task)[self.split]
        last = (self.place + 1) * self.texts
        if last > len(table):
            raise ValueError(
                f"set {self.place} of {self.texts} texts asks for {last} rows and {self.task!r} has {len(table)} in "
                f"{self.split!r}: give fewer texts or a lower place"
            )
        rows = torch.randperm(len(table), generator=seeded(ORDER)).tolist()[last - self.texts : last]
        read = table[["first", "second"] if self.pairs and "second" in table else ["first"]]
        return examples.encode(read.iloc[rows].assign(label=0), tokenizer, self.max_length)
