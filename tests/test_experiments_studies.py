"""Studies: what chapters share is the same run in each of them, and means what the chapter's first cell says."""

import ast
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import jupytext
import pytest

from lottery.choices import offered
from lottery.experiments import studies
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.iterative_pruning import IterativePruning
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.miniature import Miniature
from lottery.experiments.starts import Given
from lottery.experiments.studies import BaselineStudy, BudgetStudy, MaskStudy, PretrainingStudy, TaskStudy, TextStudy
from lottery.experiments.tickets import Ticket
from lottery.suite import notebooks

ROOT = Path(__file__).parent.parent
SHARING = {  # how each of the chapters that share pruned models is told the recipe of their pruning
    "experiments/gordon_pruning": lambda recipe: {"budget": recipe},
    "analyses/gordon_recipes": lambda recipe: {"recipes": [recipe]},
    "analyses/gordon_loss_and_features": lambda recipe: {"recipe": recipe},
    "analyses/gordon_masks": lambda recipe: {"recipe": recipe},
    "analyses/gordon_movement": lambda recipe: {"recipe": recipe},
    "analyses/gordon_weights": lambda recipe: {"recipe": recipe},
    "experiments/open_questions": lambda recipe: {"recipe": recipe},
}
PRUNING = {"pruning_steps": 400, "pruning_ramp": 200, "every": 10, "pruning_learning_rate": 1e-3}
TUNING = {"epochs": 2.0, "batch_size": 32, "max_length": 64, "miniature_steps": 40}


def pruned_in(thing):
    """All pruned models that an experiment is, or is made of."""
    if isinstance(thing, GradualPruning):
        yield thing
    if is_dataclass(thing):
        for field in fields(thing):
            yield from pruned_in(getattr(thing, field.name))


def shared(name, recipe):
    """The pruned models of a chapter with its thresholds local, on the usual text and language."""
    grid = notebooks.grid(ROOT, name, SHARING[name](recipe))
    return {each for experiment in grid for each in pruned_in(experiment) if each.scope == "local"}


@pytest.mark.parametrize("recipe", ["printed", "released"])
def test_chapters_share_their_pruned_models_by_either_recipe(recipe):
    """Each control is that of the chapter on pruning, and each model pruned to a sparsity that this one has, too."""
    of_pruning = shared("experiments/gordon_pruning", recipe)
    assert len(of_pruning) == 3
    assert {each.recipe for each in of_pruning} == {recipe}
    for name in SHARING:
        theirs = shared(name, recipe)
        assert theirs, name
        assert theirs <= of_pruning, name


@pytest.mark.parametrize(("steps", "restart"), [(400, 20), (100_000, 5000), (10, 1)])
def test_the_released_code_starts_the_learning_rate_anew_twenty_times(steps, restart):
    told = PRUNING | {"pruning_steps": steps, "pretraining_batch_size": 64}
    start = TextStudy.from_cell(text_cell()).start(1)
    assert PretrainingStudy.from_cell(told | {"recipe": "released"}).control(start, 1).restart == restart
    assert PretrainingStudy.from_cell(told).control(start, 1).restart == 0


def text_cell():
    return {
        "model": "miniature",
        "text": "",
        "miniature_steps": 40,
        "text_steps": 500,
        "text_learning_rate": 1e-4,
        "text_batch_size": 32,
        "text_length": 64,
    }


def test_a_study_takes_what_it_knows_and_misses_what_has_no_default():
    study = TaskStudy.from_cell(TUNING | {"sparsities": [0.5], "replace": object()})
    assert study == TaskStudy(**TUNING)
    with pytest.raises(TypeError, match="max_length"):
        TaskStudy.from_cell({name: value for name, value in TUNING.items() if name != "max_length"})


def test_a_start_brings_its_data_and_another_model_is_told_where_they_are(tmp_path, monkeypatch):
    (tmp_path / "CoLA").mkdir()
    monkeypatch.setattr("lottery.experiments.starts._check", lambda model: None)
    monkeypatch.setattr("lottery.experiments.starts._splits", lambda task, data: ["train", "dev"])
    cell = TUNING | {"model": "some/bert", "data_dir": str(tmp_path)}
    study = TaskStudy.from_cell(cell)
    tuned = study.tuned("cola", 3, learning_rate=1e-4, world=1)
    assert (tuned.data, tuned.start) == ("", Given(model="some/bert", data=str(tmp_path / "CoLA")))
    other = study.tuned_from(tuned.start, "cola", 4, learning_rate=1e-3, saved=True)
    assert (other.data, other.seed, other.saved, other.learning_rate) == (str(tmp_path / "CoLA"), 4, True, 1e-3)
    assert (other.epochs, other.batch_size, other.max_length) == (2.0, 32, 64)
    asked = {"examples": 7, "dev_examples": 5}
    drawn = {"train_examples": 7, "dev_examples": 5, "stratified": True}
    few = TaskStudy.from_cell(cell | asked)
    assert few.tuned("cola", 3, learning_rate=1e-4, world=1) == replace(tuned, start=replace(tuned.start, **drawn))
    part = few.tuned_from(tuned.start, "cola", 4, learning_rate=1e-3, saved=True)
    assert part == replace(other, **drawn)
    each = TaskStudy.from_cell(cell | {"examples": {"cola": 7}, "dev_examples": 5, "epochs": {"cola": 3.0, "rte": 1.0}})
    assert each.tuned_from(tuned.start, "cola", 4, learning_rate=1e-3, saved=True) == replace(part, epochs=3.0)
    with pytest.raises(ValueError, match=r"examples = \{'cola': 7\} says nothing of the task 'rte'"):
        each.tuned("rte", 4, learning_rate=1e-3, world=1)
    mask = MaskStudy.from_cell(LEARNING).mask(part, "smp_l", 0.5)
    assert (mask.data, mask.train_examples, mask.dev_examples) == (part.data, 7, 5)
    with pytest.raises(ValueError, match="dev_examples = 5: the tasks of the miniature"):
        TaskStudy.from_cell(TUNING | {"dev_examples": 5}).tuned_from(tuned.start, "cola", 4, learning_rate=1e-3)


def test_a_file_of_ones_own_is_a_task_where_the_chapter_takes_one(tmp_path, monkeypatch):
    monkeypatch.setattr("lottery.experiments.starts._check", lambda model: None)
    rows = "".join(f"a word {number},{'good' if number % 2 else 'bad'}\n" for number in range(20))
    file = tmp_path / "mine.csv"
    file.write_text("comment,label\n" + rows)
    cell = TUNING | {"model": "some/bert", "train_file": str(file), "text_column": "comment", "dev_share": 0.5}
    tuned = TaskStudy.from_cell(cell).tuned("own", 0, learning_rate=1e-4, world=1)
    assert {split: len(table) for split, table in tuned.tables("own").items()} == {"train": 10, "dev": 10}
    few = TaskStudy.from_cell(cell | {"examples": 4, "dev_examples": 2}).tuned("own", 0, learning_rate=1e-4, world=1)
    tables = few.tables("own")
    assert {split: table["label"].tolist().count(0) for split, table in tables.items()} == {"train": 2, "dev": 1}
    assert {split: len(table) for split, table in tables.items()} == {"train": 4, "dev": 2}
    with pytest.raises(ValueError, match="train_file = ''"):
        TaskStudy.from_cell(cell | {"train_file": ""}).start("own", world=1)
    with pytest.raises(ValueError, match="own"):
        TaskStudy.from_cell(TUNING).start("own", world=1)


LEARNING = {"ramp": 0.4, "score_rate": 0.1, "weight_rate": 1e-3, "joint_rate": 2e-3, "head_rate": 3e-3, "strength": 7.0}
RATES = {
    "head_rate": ("smp_g", "smp_l", "smp_s", "smp_s_released", "smp_t"),
    "weight_rate": ("l0", "magnitude", "soft_movement"),
    "joint_rate": ("movement",),
}


@pytest.mark.parametrize(("kind", "method"), [(kind, method) for kind, methods in RATES.items() for method in methods])
def test_beside_a_fine_tuning_each_kind_of_parameter_has_its_own_rate(fine_tuning, kind, method):
    study = MaskStudy.from_cell(LEARNING)
    mask = study.mask(fine_tuning, method, 0.5)
    assert (mask.weight_rate, mask.score_rate, mask.method) == (getattr(study, kind), 0.1, method)
    assert (mask.ramp, mask.sparsity) == (0.4, 0.5)
    assert mask.strength == (0.0 if method in ("magnitude", "movement") else 7.0)
    shared = ("start", "task", "epochs", "batch_size", "max_length", "seed", "data")
    assert all(getattr(mask, name) == getattr(fine_tuning, name) for name in shared)


def test_beside_a_fine_tuning_scores_are_pressed_as_released(fine_tuning):
    """SMP over the whole run; soft movement as its threshold rises, L0 from the first step on (Sanh et al. 2020)."""
    pressing = {
        method: MaskStudy.from_cell(LEARNING).mask(fine_tuning, method, 0.5).pressing
        for method in ("smp_l", "smp_s", "smp_g", "smp_t", "soft_movement", "l0")
    }
    assert pressing == {"smp_l": "run", "smp_s": "run", "smp_g": "run", "smp_t": "run"} | {
        "soft_movement": "ramp",
        "l0": "constant",
    }


def test_every_method_has_one_of_these_rates():
    assert sorted(sum(RATES.values(), ())) == offered("mask_learning")


def test_a_method_has_what_was_chosen_for_it_and_else_what_its_kind_has(fine_tuning):
    chosen = {
        "smp_l": {"strength": 16.0, "score_rate": 0.2},
        "movement": {"weight_rate": 0.5},
        "full": {"weight_rate": 7.0},
    }
    chosen |= {"movement_pressed": {"strength": 64.0}}
    plain = MaskStudy.from_cell(LEARNING)
    study = replace(plain, chosen=chosen)
    assert (plain.full_rate, study.full_rate) == (plain.weight_rate, 7.0)
    before = plain.mask(fine_tuning, "smp_l", 0.5)
    assert study.mask(fine_tuning, "smp_l", 0.5) == replace(before, strength=16.0, score_rate=0.2)
    assert study.mask(fine_tuning, "smp_s", 0.5) == plain.mask(fine_tuning, "smp_s", 0.5)
    movement = study.mask(fine_tuning, "movement", 0.5)
    assert (movement.strength, movement.weight_rate) == (0.0, 0.5)
    assert study.mask(fine_tuning, "movement", 0.5, pressed=True) == replace(movement, strength=64.0)
    assert plain.mask(fine_tuning, "movement", 0.5, pressed=True).strength == plain.strength > 0
    with pytest.raises(ValueError, match="chosen: there is no method 'smp'; there are full, l0, l0_pressed, "):
        replace(plain, chosen={"smp": {}})
    with pytest.raises(ValueError, match="chosen: l0 has no 'rate' of its own, but score_rate, weight_rate, strength"):
        replace(plain, chosen={"l0": {"rate": 1.0}})


def test_a_method_that_aims_at_no_sparsity_is_pressed_until_it_has_one(fine_tuning):
    study = MaskStudy.from_cell(LEARNING)
    search = study.pressed(fine_tuning, "l0", 0.9)
    assert (search.sparsity, search.strength) == (0.9, pytest.approx(10 * 9))
    mask = study.mask(fine_tuning, "l0", 0.9)
    alike = [field.name for field in fields(LearnedMask) if field.name != "strength"]
    assert [getattr(search, name) for name in alike] == [getattr(mask, name) for name in alike]


def test_methods_that_do_not_belong_are_refused():
    studies.require_aimed(["smp_l", "magnitude"])
    studies.require_aimed(["l0"], "pressed", aimed=False)
    with pytest.raises(ValueError, match="methods: l0 aims at no sparsity; give methods that do, as smp_l"):
        studies.require_aimed(["smp_l", "l0"])
    with pytest.raises(ValueError, match="pressed: smp_l aims at a sparsity; give methods that do not, as l0"):
        studies.require_aimed(["smp_l"], "pressed", aimed=False)


def test_models_of_one_name_are_refused():
    studies.require_named_apart(["minilm", "one/model", "two/other", "org/base"])
    studies.require_named_apart([])
    with pytest.raises(ValueError, match="answering: one/model and two/model have one name, 'model'"):
        studies.require_named_apart(["minilm", "one/model", "two/model"], "answering")
    with pytest.raises(ValueError, match="models: minilm and minilm have one name"):
        studies.require_named_apart(["minilm", "minilm"])


def epochs_in(tuned):
    """The epochs of all trainings on the task that lead to a model, its own and those that it begins with."""
    total, start = tuned.epochs, tuned.start
    if isinstance(start, Ticket):
        kept = start.kept
        if isinstance(kept, IterativePruning):
            total += kept.level * kept.training.epochs
        elif isinstance(start.of, FineTuning):
            total += epochs_in(start.of)
    return total


@pytest.mark.parametrize("rounds", [2, 3])
def test_every_way_to_a_sparse_model_has_the_budget_of_one_fine_tuning(fine_tuning, rounds):
    whole, study = replace(fine_tuning, epochs=6.0), BudgetStudy(rounds=rounds)
    for way in (study.retrained, study.iterative, study.random):
        assert epochs_in(way(whole, 0.9)) == pytest.approx(6.0)
    last = study.iterative(whole, 0.9).start.kept
    assert (1 - last.per_level) ** last.level == pytest.approx(0.1)
    assert (last.start, last.training.task, last.rewind_step) == (whole.start, whole.task, 0)
    assert study.retrained(whole, 0.9).start.kept.sparsity == study.random(whole, 0.9).start.kept.sparsity == 0.9
    assert study.random(whole, 0.9).start.kept.importance == "random"


def test_baselines_are_one_of_each_kind_with_what_their_chapter_says():
    cell = {"baselines": ["bilstm", "cbow"], "baseline_epochs": 5.0, "baseline_learning_rate": 1e-2}
    cell |= {"baseline_width": 8, "batch_size": 16, "max_length": 32, "epochs": 2.0, "learning_rate": 1e-3}
    start = Miniature(seed=4, steps=0)
    one, two = BaselineStudy.from_cell(cell).trained(start, "cola", 7)
    assert (one.kind, two.kind) == ("bilstm", "cbow")
    assert one == replace(two, kind="bilstm")
    assert (two.start, two.task, two.seed) == (start, "cola", 7)
    assert (two.epochs, two.learning_rate, two.width, two.batch_size, two.max_length) == (5.0, 1e-2, 8, 16, 32)


def test_iterative_pruning_needs_two_rounds(fine_tuning):
    with pytest.raises(
        ValueError, match="rounds = 1: iterative pruning trains, prunes and trains again; give at least 2"
    ):
        BudgetStudy(rounds=1).iterative(fine_tuning, 0.9)


STUDIES = {name: kind for name, kind in vars(studies).items() if name.endswith("Study") and name != "_Study"}


@pytest.mark.parametrize("name", notebooks.find(ROOT))
def test_every_parameter_of_a_chapter_is_used(name):
    """By its name, or by a study that the chapter's grid makes: a misspelt one would leave the study its default."""
    code = [
        cell.source
        for cell in jupytext.read(ROOT / "notebooks" / f"{name}.py").cells
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", [])
    ]
    used = {node.id for node in ast.walk(ast.parse("\n".join(code))) if isinstance(node, ast.Name)}
    used |= {field.name for kind in used & STUDIES.keys() for field in fields(STUDIES[kind])}
    assert notebooks.defaults(ROOT, name).keys() <= used


def test_there_are_studies():
    assert set(STUDIES) == {"TextStudy", "PretrainingStudy", "TaskStudy", "MaskStudy", "BudgetStudy", "BaselineStudy"}
