"""Studies: what chapters share is the same run in each of them, and means what the chapter's first cell says."""

import ast
from dataclasses import fields, is_dataclass
from pathlib import Path

import jupytext
import pytest

from lottery.experiments import studies
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.studies import PretrainingStudy, TaskStudy, TextStudy
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
    assert len(of_pruning) == 4
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
    study = TaskStudy.from_cell(TUNING | {"model": "some/bert", "data_dir": str(tmp_path)})
    tuned = study.tuned("cola", 3, learning_rate=1e-4, world=1, train_examples=7)
    assert (tuned.data, tuned.start.data, tuned.start.train_examples) == ("", str(tmp_path / "CoLA"), 7)
    other = study.tuned_from(tuned.start, "cola", 4, learning_rate=1e-3, saved=True)
    assert (other.data, other.seed, other.saved, other.learning_rate) == (str(tmp_path / "CoLA"), 4, True, 1e-3)
    assert (other.epochs, other.batch_size, other.max_length) == (2.0, 32, 64)


def test_a_file_of_ones_own_is_a_task_where_the_chapter_takes_one(tmp_path, monkeypatch):
    monkeypatch.setattr("lottery.experiments.starts._check", lambda model: None)
    rows = "".join(f"a word {number},{'good' if number % 2 else 'bad'}\n" for number in range(20))
    file = tmp_path / "mine.csv"
    file.write_text("comment,label\n" + rows)
    cell = TUNING | {"model": "some/bert", "train_file": str(file), "text_column": "comment", "dev_share": 0.5}
    tuned = TaskStudy.from_cell(cell).tuned("own", 0, learning_rate=1e-4, world=1)
    assert {split: len(table) for split, table in tuned.tables("own").items()} == {"train": 10, "dev": 10}
    with pytest.raises(ValueError, match="train_file = ''"):
        TaskStudy.from_cell(cell | {"train_file": ""}).start("own", world=1)
    with pytest.raises(ValueError, match="own"):
        TaskStudy.from_cell(TUNING).start("own", world=1)


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
    assert set(STUDIES) == {"TextStudy", "PretrainingStudy", "TaskStudy"}
