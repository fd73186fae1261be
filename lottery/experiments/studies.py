"""Studies: the runs that chapters share, each made in one place from what a chapter's first cell says.

A chapter writes `TaskStudy.from_cell(globals())`, and the study takes the parameters it knows by their names, which
mean the same in every chapter. A parameter that has a default here is one that not every chapter has; the default is
what the others mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from lottery.data.own_file import Labels
from lottery.experiments import Pretrained, Start, starts
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.pruning import Scope


class _Study:
    @classmethod
    def from_cell(cls, names: Mapping[str, Any]) -> Self:
        """The study that the names set by a notebook's first cell describe; other names are left alone.

        Raises TypeError where one is missing that has no default.
        """
        return cls(**{field.name: names[field.name] for field in fields(cls) if field.name in names})


@dataclass(frozen=True, kw_only=True)
class TextStudy(_Study):
    """Models whose pre-training can go on: the miniature, or another one with plain text."""

    model: str
    text: str
    miniature_steps: int
    text_steps: int
    text_learning_rate: float
    text_batch_size: int
    text_length: int

    def start(self, seed: int) -> Pretrained:
        """The model of a seed. Raises as `starts.pretrained` does."""
        return starts.pretrained(
            self.model,
            self.text,
            seed=seed,
            miniature_steps=self.miniature_steps,
            text_steps=self.text_steps,
            text_learning_rate=self.text_learning_rate,
            text_batch_size=self.text_batch_size,
            text_length=self.text_length,
        )


@dataclass(frozen=True, kw_only=True)
class PretrainingStudy(_Study):
    """Weights removed while pre-training goes on (Gordon et al. 2020, section 3), as printed or as released."""

    pruning_steps: int  # in all
    pruning_ramp: int  # of these, steps over which the sparsity rises
    every: int
    pruning_learning_rate: float
    pretraining_batch_size: int
    scope: Scope = "local"
    embeddings: bool = True
    recipe: Literal["printed", "released"] = "printed"

    def control(self, start: Pretrained, seed: int) -> GradualPruning:
        """Pre-training that goes on as long as under pruning, with nothing removed; of it, what is pruned is a variant.

        With the recipe `released` the learning rate starts anew twenty times on the way, as in the paper's code.
        """
        return GradualPruning(
            start=start,
            importance="magnitude",
            scope=self.scope,
            embeddings=self.embeddings,
            sparsity=0.0,
            steps=self.pruning_steps,
            ramp=self.pruning_ramp,
            every=self.every,
            recipe=self.recipe,
            learning_rate=self.pruning_learning_rate,
            batch_size=self.pretraining_batch_size,
            seed=seed,
            restart=max(1, self.pruning_steps // 20) if self.recipe == "released" else 0,
        )


@dataclass(frozen=True, kw_only=True)
class TaskStudy(_Study):
    """Fine-tunings on tasks: which model they begin with, where the tasks' data are, and how long they train."""

    epochs: float | Literal["auto"]
    batch_size: int
    max_length: int
    miniature_steps: int
    model: str = "miniature"
    data_dir: str = ""
    train_file: str | None = None  # None: of a chapter that does not take a file of one's own
    dev_file: str = ""
    dev_share: float = 0.2
    text_column: str = "text"
    second_column: str = ""
    label_column: str = "label"
    labels: Labels = "classes"

    @property
    def own(self) -> starts.Own | None:
        """The file of one's own, not yet read; None in a chapter that does not take one."""
        if self.train_file is None:
            return None
        return starts.Own(
            model=self.model,
            train=self.train_file,
            dev=self.dev_file,
            dev_share=self.dev_share,
            text=self.text_column,
            second=self.second_column,
            label=self.label_column,
            labels=self.labels,
        )

    def start(self, task: str, *, world: int, train_examples: int = 0, dev_examples: int = 0) -> Start:
        """The pre-trained model, which brings the data of the task.

        task          a file in lottery/tasks, or "own" for the user's file
        world         the seed of the miniature
        train_examples, dev_examples  as of `starts.Given`
        Raises as `starts.start` and `starts.own` do.
        """
        if task == starts.OWN and self.own is not None:
            return starts.own(self.own)
        return starts.start(
            self.model,
            task,
            self.data_dir,
            seed=world,
            miniature_steps=self.miniature_steps,
            train_examples=train_examples,
            dev_examples=dev_examples,
        )

    def tuned(
        self,
        task: str,
        seed: int,
        *,
        learning_rate: float,
        world: int,
        saved: bool = False,
        train_examples: int = 0,
        dev_examples: int = 0,
    ) -> FineTuning:
        """The pre-trained model fine-tuned on a task; arguments as of `start` and of FineTuning."""
        start = self.start(task, world=world, train_examples=train_examples, dev_examples=dev_examples)
        return self._fine_tuning(start, "", task, seed, learning_rate, saved)

    def tuned_from(
        self, start: Start, task: str, seed: int, *, learning_rate: float, saved: bool = False
    ) -> FineTuning:
        """Another model, such as a pruned one, fine-tuned on a task with the same data and for as long."""
        data = starts.task_data(self.model, task, self.data_dir)
        return self._fine_tuning(start, data, task, seed, learning_rate, saved)

    def _fine_tuning(
        self, start: Start, data: str, task: str, seed: int, learning_rate: float, saved: bool
    ) -> FineTuning:
        return FineTuning(
            start=start,
            task=task,
            data=data,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=learning_rate,
            max_length=self.max_length,
            seed=seed,
            saved=saved,
        )
