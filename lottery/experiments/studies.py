"""Studies: the runs that chapters share, each made in one place from what a chapter's first cell says.

A chapter writes `TaskStudy.from_cell(globals())`, and the study takes the parameters it knows by their names, which
mean the same in every chapter. A parameter that has a default here is one that not every chapter has; the default is
what the others mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from lottery import miniature
from lottery.choices import choose, listed, offered
from lottery.data.own_file import Labels
from lottery.experiments import Pretrained, Start, controls, how_long, starts
from lottery.experiments.baseline import Baseline
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.iterative_pruning import IterativePruning, OnTask
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.pressed_mask import PressedMask
from lottery.experiments.tickets import Cut, Ticket
from lottery.pruning import Scope
from lottery.tasks import Task

FULL = "full"  # the full model, among methods
PRESSED = "_pressed"  # after the name of a method that the paper gives no regulariser, where it has one
CHOSEN = ("score_rate", "weight_rate", "strength")  # what a method may have of its own; the second is its head's, too


class _Study:
    @classmethod
    def from_cell(cls, names: Mapping[str, Any]) -> Self:
        """The study that the names set by a notebook's first cell describe; other names are left alone.

        Raises TypeError where one is missing that has no default.
        """
        return cls(**{field.name: names[field.name] for field in fields(cls) if field.name in names})


Value = TypeVar("Value")


def _for_task(parameter: str, given: Value | Mapping[str, Value], task: str) -> Value:
    """What a parameter says of a task: one value for all, or {task: value}. Raises ValueError for a task left out."""
    if not isinstance(given, Mapping):
        return given
    if task not in given:
        raise ValueError(
            f"{parameter} = {dict(given)} says nothing of the task {task!r}: give a value for each task, or one for all"
        )
    return given[task]


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
    text_frozen: bool = False

    def start(self, seed: int, data: starts.Own | starts.Unlabelled | None = None) -> Pretrained:
        """The model of a seed. Raises as `starts.pretrained` does.

        data  the user's file, as of `TaskStudy.brought`
        """
        return starts.pretrained(
            self.model,
            self.text,
            seed=seed,
            miniature_steps=self.miniature_steps,
            text_steps=self.text_steps,
            text_learning_rate=self.text_learning_rate,
            text_batch_size=self.text_batch_size,
            text_length=self.text_length,
            text_frozen=self.text_frozen,
            data=data,
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
    """Fine-tunings on tasks: which model they begin with, where the tasks' data are, and how long they train.

    Tasks differ in how much there is to learn from and how long it takes: `epochs` and `examples` may be one value for
    all tasks, or {task: value}.
    """

    epochs: float | Literal["auto"] | Mapping[str, float]  # as `how_long.epochs` takes it
    batch_size: int
    max_length: int
    miniature_steps: int
    model: str = "miniature"
    data_dir: str = ""
    tasks: Sequence[str] = ()  # all that the chapter was given; (): of one whose tasks have other names
    train_file: str | None = None  # None: of a chapter that does not take a file of one's own
    dev_file: str = ""
    dev_share: float = 0.2
    text_column: str = "text"
    second_column: str = ""
    label_column: str = "label"
    labels: Labels = "classes"
    takes_tags: bool = False  # whether the chapter takes a file with a tag for each word, too
    examples: int | Mapping[str, int] = 0  # as of `starts.require_part`
    dev_examples: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError where a file of one's own is given and not asked for."""
        if self.train_file and self.tasks and starts.OWN not in self.tasks:
            raise ValueError(
                f"train_file = {self.train_file!r}: a file of your own is the task {starts.OWN!r}: give that, in the "
                f"place of {listed(self.tasks, 'and')}"
            )

    @property
    def own(self) -> starts.Own | starts.Unlabelled | None:
        """The file of one's own, not yet read; None in a chapter that does not take one.

        Without a column of labels the right answer to a text is what the model says before anything is done to it.
        Raises ValueError for what makes no sense then.
        """
        if self.train_file is None:
            return None
        if self.labels == "tags" and not self.takes_tags:
            raise ValueError(
                "labels = 'tags': this chapter takes classes and numbers; for a tag of each word there are "
                "how_much_can_go, component_importance, `lottery shrink` and `lottery report`"
            )
        if not self.label_column:
            asked = {"dev_file": self.dev_file, "examples": self.examples, "dev_examples": self.dev_examples}
            asked["labels"] = self.labels if self.labels != "classes" else ""
            if named := [name for name, value in asked.items() if value]:
                raise ValueError(
                    f"label_column = '': without labels the model's own classes are the answers to all texts of "
                    f"train_file, so leave {listed(named, 'and')} as by default"
                )
            return starts.Unlabelled(
                model=self.model,
                file=self.train_file,
                test_share=self.dev_share,
                text=self.text_column,
                second=self.second_column,
                max_length=self.max_length,
            )
        return starts.Own(
            model=self.model,
            train=self.train_file,
            dev=self.dev_file,
            dev_share=self.dev_share,
            text=self.text_column,
            second=self.second_column,
            label=self.label_column,
            labels=self.labels,
            train_examples=self.examples.get(starts.OWN, 0) if isinstance(self.examples, Mapping) else self.examples,
            dev_examples=self.dev_examples,
        )

    @property
    def brought(self) -> starts.Own | starts.Unlabelled | None:
        """The file of one's own, where it is one of the tasks. Raises as `starts.own` does."""
        return starts.own(self.own) if starts.OWN in self.tasks and self.own else None

    def task_named(self, name: str) -> Task:
        """The task of that name: a file of lottery/tasks, or what the user's file makes. Raises as `start` does."""
        return starts.own(self.own).task_named(name) if name == starts.OWN and self.own else choose("tasks", name)

    def drawn(self, worlds: Sequence[int], seeds: Sequence[int]) -> list[tuple[int, int]]:
        """World and seed of each fine-tuned model: all seeds in the first world, the first seed in every other one.

        A verdict about models in general is over worlds, in which more seeds tell little; how seeds agree is asked in
        one. A model that is no miniature is of one world.
        """
        worlds = worlds if self.model in miniature.NAMES else worlds[:1]
        return [(world, seed) for place, world in enumerate(worlds) for seed in (seeds if place == 0 else seeds[:1])]

    def start(self, task: str, *, world: int) -> Start:
        """The pre-trained model, which brings the data of the task.

        task          a file in lottery/tasks, or "own" for the user's file
        world         the seed of the miniature
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
            examples=_for_task("examples", self.examples, task),
            dev_examples=self.dev_examples,
        )

    def tuned(self, task: str, seed: int, *, learning_rate: float, world: int, saved: bool = False) -> FineTuning:
        """The pre-trained model fine-tuned on a task; arguments as of `start` and of FineTuning."""
        return self._fine_tuning(self.start(task, world=world), "", task, seed, learning_rate, saved)

    def tuned_from(
        self, start: Start, task: str, seed: int, *, learning_rate: float, saved: bool = False
    ) -> FineTuning:
        """Another model, such as a pruned one, fine-tuned on a task for as long; arguments as of `tuned`.

        The data are those of `data_dir`, as for the model itself; of the miniature, and of the user's own file, those
        that the start brings.
        """
        if task == starts.OWN and self.own is not None:
            return self._fine_tuning(start, "", task, seed, learning_rate, saved)
        examples = _for_task("examples", self.examples, task)
        starts.require_part(self.model, examples, self.dev_examples)
        data = starts.task_data(self.model, task, self.data_dir)
        tuned = self._fine_tuning(start, data, task, seed, learning_rate, saved)
        if not (examples or self.dev_examples):
            return tuned
        return replace(tuned, train_examples=examples, dev_examples=self.dev_examples, stratified=True)

    def _fine_tuning(
        self, start: Start, data: str, task: str, seed: int, learning_rate: float, saved: bool
    ) -> FineTuning:
        starts.check_length(self.model, self.max_length, start.task_named(task).PAIR)
        return FineTuning(
            start=start,
            task=task,
            data=data,
            epochs=how_long.epochs(_for_task("epochs", self.epochs, task), task, self.own),
            batch_size=self.batch_size,
            learning_rate=learning_rate,
            max_length=self.max_length,
            seed=seed,
            saved=saved,
        )


@dataclass(frozen=True, kw_only=True)
class BaselineStudy(_Study):
    """Baselines trained on the tasks of a chapter, longer than its models and at a rate of their own."""

    baselines: Sequence[str]  # files in lottery/baselines
    baseline_epochs: float
    baseline_learning_rate: float
    baseline_width: int
    batch_size: int
    max_length: int

    def trained(self, start: Start, task: str, seed: int) -> list[Baseline]:
        """One of each kind on a task that the start brings; its seed, and the start, as of `Baseline`."""
        return [
            Baseline(
                start=start,
                kind=kind,
                task=task,
                epochs=self.baseline_epochs,
                batch_size=self.batch_size,
                learning_rate=self.baseline_learning_rate,
                width=self.baseline_width,
                max_length=self.max_length,
                seed=seed,
            )
            for kind in self.baselines
        ]


@dataclass(frozen=True, kw_only=True)
class MaskStudy(_Study):
    """Masks learned beside fine-tunings, for as long, at a learning rate for each kind of parameter."""

    ramp: float  # share of the steps over which the sparsity rises
    score_rate: float
    weight_rate: float  # of weights where the method trains them, and of the head over them
    joint_rate: float  # the same where scores that are trained beside them choose what makes up the sparsity asked for
    head_rate: float = 0.0  # of the head over weights that stay as they are; 0.0: of a chapter without such methods
    strength: float = 0.0  # of the regulariser of the methods that the paper gives one; 0.0: likewise
    chosen: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # {method: {one of CHOSEN: its own}}

    def __post_init__(self) -> None:
        """Raise ValueError where `chosen` names what there is not."""
        known = [FULL, *(f"{name}{pressed}" for name in offered("mask_learning") for pressed in ("", PRESSED))]
        for name, own in self.chosen.items():
            if name not in known:
                raise ValueError(f"chosen: there is no method {name!r}; there are {', '.join(known)}")
            if unknown := own.keys() - CHOSEN:
                raise ValueError(f"chosen: {name} has no {sorted(unknown)[0]!r} of its own, but {', '.join(CHOSEN)}")

    @property
    def full_rate(self) -> float:
        """The learning rate of the full model."""
        return self.chosen.get(FULL, {}).get("weight_rate", self.weight_rate)

    def mask(self, of: FineTuning, method: str, sparsity: float, *, pressed: bool = False) -> LearnedMask:
        """A mask for the model, task, budget and seed of a fine-tuning. When the regulariser sets in is as released.

        pressed  with the regulariser, whatever the paper gives the method; such a one is called METHOD + PRESSED in
                 `chosen`, where it has rates of its own or else those of the method
        """
        how = choose("mask_learning", method)
        of_weights = self.joint_rate if how.LEARNED and how.AIMED else self.weight_rate
        rates = {
            "score_rate": self.score_rate,
            "weight_rate": self.head_rate if how.FROZEN else of_weights,
            "strength": self.strength if how.STRENGTH or pressed else 0.0,
        }
        rates |= self.chosen.get(method, {}) | (self.chosen.get(method + PRESSED, {}) if pressed else {})
        return LearnedMask(
            start=of.start,
            task=of.task,
            method=method,
            sparsity=sparsity,
            epochs=of.epochs,
            ramp=self.ramp,
            batch_size=of.batch_size,
            **rates,
            pressing=how.PRESSING,
            max_length=of.max_length,
            seed=of.seed,
            data=of.data,
            train_examples=of.train_examples if of.stratified else 0,
            dev_examples=of.dev_examples,
        )

    def pressed(self, of: FineTuning, method: str, sparsity: float) -> PressedMask:
        """A mask by a method that aims at no sparsity, regularised until it has one.

        The search begins with a strength in proportion to the odds of removal, as the miniature's masks follow it.
        """
        mask = replace(self.mask(of, method, sparsity), strength=10 * sparsity / (1 - sparsity))
        return PressedMask(**{field.name: getattr(mask, field.name) for field in fields(mask)})


def require_aimed(methods: Sequence[str], parameter: str = "methods", *, aimed: bool = True) -> None:
    """Raise ValueError for a method of lottery/mask_learning that aims at no sparsity, or for one that does.

    parameter  that names the methods
    """
    if wrong := [name for name in methods if choose("mask_learning", name).AIMED is not aimed]:
        aims, such = ("no sparsity", "smp_l") if aimed else ("a sparsity", "l0")
        raise ValueError(
            f"{parameter}: {wrong[0]} aims at {aims}; give methods that {'do' if aimed else 'do not'}, as {such}"
        )


def require_words(head: str, task: Task) -> None:
    """Raise ValueError for a head made of words for the labels, where a task has none.

    head  a file in lottery/task_heads
    """
    if not choose("task_heads", head).TRAINED and not task.WORDS:
        raise ValueError(
            f"head = {head!r} is made of words for the labels, and {task.TITLE} has none: give the head 'random', "
            "which is trained"
        )


def require_named_apart(models: Sequence[str], parameter: str = "models") -> None:
    """Raise ValueError where two models have one name in tables of runs, which know a folder by its last part.

    parameter  that names the models
    """
    names = [Path(model).name for model in models]
    if twice := [model for model, name in zip(models, names, strict=True) if names.count(name) > 1]:
        raise ValueError(
            f"{parameter}: {' and '.join(twice)} have one name, {Path(twice[0]).name!r}, by which they would be told "
            "apart: give each model once, and folders that are called differently"
        )


@dataclass(frozen=True, kw_only=True)
class BudgetStudy(_Study):
    """Ways to a sparse model that train for as long, all in all, as one fine-tuning of the full model does.

    Removed are weights of the layers' matrices.
    """

    rounds: int  # trainings among which iterative pruning shares out the budget, at least 2

    def cut(self, of: Start | FineTuning, importance: str, scope: Scope, sparsity: float, seed: int) -> Cut:
        """A share of the weights, removed at once."""
        return Cut(
            of=of,
            importance=importance,
            scope=scope,
            embeddings=False,
            pooler=False,
            sparsity=sparsity,
            seed=seed,
        )

    def retrained(self, whole: FineTuning, sparsity: float) -> FineTuning:
        """Fine-tuned for half of the budget, cut, and trained for the other half (Gordon et al. 2020, section 4.2)."""
        half = replace(whole, epochs=whole.epochs / 2)
        return replace(half, start=Ticket(of=half, kept=self.cut(half, "magnitude", "local", sparsity, whole.seed)))

    def iterative(self, whole: FineTuning, sparsity: float) -> FineTuning:
        """Trained, pruned and rewound, until the budget's last part trains what is left (Chen et al. 2020).

        Raises ValueError for fewer than two rounds.
        """
        if self.rounds < 2:
            raise ValueError(
                f"rounds = {self.rounds}: iterative pruning trains, prunes and trains again; give at least 2"
            )
        last = IterativePruning(
            start=whole.start,
            training=OnTask(
                task=whole.task,
                epochs=whole.epochs / self.rounds,
                batch_size=whole.batch_size,
                learning_rate=whole.learning_rate,
                max_length=whole.max_length,
            ),
            level=self.rounds - 1,
            per_level=1 - (1 - sparsity) ** (1 / (self.rounds - 1)),
            of="remaining",
            rewind_step=0,
            scope="global",
            embeddings=False,
            pooler=False,
            seed=whole.seed,
        )
        return replace(whole, start=controls.ticket("iterative", last), epochs=whole.epochs / self.rounds)

    def random(self, whole: FineTuning, sparsity: float) -> FineTuning:
        """Removed at random before fine-tuning, the same share of each matrix."""
        kept = self.cut(whole.start, "random", "local", sparsity, whole.seed)
        return replace(whole, start=Ticket(of=whole.start, kept=kept))
