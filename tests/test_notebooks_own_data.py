"""A file of one's own as the task of every chapter that fine-tunes: its grid, and what makes no sense with it."""

from collections import Counter
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import torch
from rich.progress import Progress

from lottery import store
from lottery.experiments import starts
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.starts import OWN, Own, Unlabelled
from lottery.models import opening
from lottery.suite import execution, notebooks

ROOT = Path(__file__).parent.parent
HOW_MUCH = "experiments/how_much_can_go"
# {chapter: (its parameters, {experiment: runs})}, with one seed.
CHAPTERS = {
    "component_importance": (
        {"scores": ["sample", "running"], "searched": ["sample"]},
        # Both scores, one of them over a shuffled dev set as well.
        {"ComponentScores": 3, "ExampleSensitivity": 1, "ComponentRemoval": 1, "ComponentSearch": 1},
    ),
    # Heads and MLPs together; heads, with a guard and without; MLPs; as released.
    "component_search": ({"varied_tasks": [OWN]}, {"ComponentSearch": 5}),
    "magnitude_search": ({"per_step": [0.1, 0.05]}, {"MagnitudeSearch": 2}),
    # Good, random and bad parts of two kinds, a bad one without overlap; each retrained, beside the whole model and one
    # drawn anew.
    "good_random_bad": (
        {"baselines": ["cbow"]},
        {"FineTuning": 9, "PrunedScore": 7, "ComponentSearch": 1, "MagnitudeSearch": 1, "Baseline": 1},
    ),
    "mask_learning": (
        {"methods": ["smp_l", "movement"], "sparsities": [0.5, 0.9]},
        {"FineTuning": 1, "LearnedMask": 4},
    ),
    # The whole model, ways to train half and cuts of two scopes, and one mask; nothing is pruned in pre-training.
    "all_methods": ({"methods": ["smp_l"], "sparsities": [0.5]}, {"TaskModel": 6, "LearnedMask": 1}),
    # The base with its trained head; pressed with the sparsity, not pressed, by a sum, and with a teacher.
    "mask_recipes": ({}, {"FineTuning": 1, "LearnedMask": 5}),
    # The whole model; a ticket at three levels, five controls of one of them, and two other ways; their masks.
    "rewinding": ({"sources": [OWN], "varied_tasks": [OWN], "levels": 3}, {"FineTuning": 11, "IterativePruning": 5}),
    # The whole model; at two levels super, random and reversed tickets, scored and retrained, all by one importance;
    # movement alone, with a teacher, and CAP.
    "structured_tickets": (
        {"tenths": [2, 6], "contrast_tasks": [OWN]},
        {"FineTuning": 7, "PrunedScore": 6, "ComponentScores": 1, "LearnedMask": 3},
    ),
    # Three strengths and three rates of either kind around the one in the middle; of the whole model as many rates.
    "analyses/mask_rates": ({"methods": ["smp_l", "full"]}, {"LearnedMask": 7, "FineTuning": 7}),
    "analyses/mask_agreement": ({}, {"ComponentSearch": 1, "ComponentScores": 1, "CutNoise": 1}),
}


def path(name):
    return name if "/" in name else f"experiments/{name}"


SMALLER = {"healed_ways": ["both"], "ways": ["both"], "in_8_bits": [], "fewer_words": [], "compared": []}


@pytest.fixture
def mine(mood_folder):
    """The parameters that give a chapter a model and a file of one's own."""
    return {
        "model": str(mood_folder / "model"),
        "train_file": str(mood_folder / "own.csv"),
        "label_column": "mood",
        "tasks": [OWN],
        "tuning_seeds": [1],
        "max_length": 16,
    }


@pytest.fixture(scope="module")
def deciding(mood_folder, tmp_path_factory):
    """That model with a head that answers half of the texts with either class, as a folder."""
    folder = tmp_path_factory.mktemp("deciding")
    model, tokenizer = opening.as_saved(str(mood_folder / "model")).eval(), opening.tokenizer(mood_folder / "model")
    texts = pd.read_csv(mood_folder / "own.csv")["text"].tolist()
    with torch.no_grad():
        logits = model(**tokenizer(texts, padding=True, return_tensors="pt")).logits
        model.classifier.bias[0] -= (logits[:, 0] - logits[:, 1]).median()
    opening.save(model, tokenizer, folder)
    return str(folder)


def mine_as_start(mine):
    columns = {"text": "text", "second": "", "label": "mood", "labels": "classes"}
    return Own(model=mine["model"], train=mine["train_file"], dev="", dev_share=0.2, **columns)


def starts_of(thing):
    """All that an experiment, or what it is made of, begins with."""
    if isinstance(thing, Own | Unlabelled | starts.Given):
        yield thing
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from starts_of(getattr(thing, field.name))


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_takes_a_file_of_ones_own(mine, name):
    given, runs = CHAPTERS[name]
    grid = notebooks.grid(ROOT, path(name), mine | given)
    assert {start for each in grid for start in starts_of(each)} == {mine_as_start(mine)}
    assert Counter(type(each).__name__ for each in grid) == runs
    assert len(set(grid)) == len(grid)


def test_a_model_that_is_ready_is_told_of_where_nothing_is_cut(mine, deciding, tmp_path):
    """Of the whole notebook: no run of it is a cut."""
    ready, tokenizer = opening.as_saved(deciding), opening.tokenizer(deciding)
    ready.config.id2label, ready.config.label2id = {0: "blame", 1: "praise"}, {"blame": 0, "praise": 1}
    opening.save(ready, tokenizer, tmp_path / "ready")
    given = {name: value for name, value in mine.items() if name not in ("tasks", "tuning_seeds")}
    given |= {"task": OWN, "model": str(tmp_path / "ready"), "seeds": [1], "sparsities": [], "results": str(tmp_path)}
    output = tmp_path / "out.ipynb"
    execution.execute(ROOT, HOW_MUCH, given, output, Progress(disable=True))
    said = "".join(
        str(each.get("data", "")) for cell in nbformat.read(output, 4).cells for each in cell.get("outputs", [])
    )
    assert "Your model as it is reaches accuracy" in said


def test_the_smaller_model_is_one_of_ones_own_on_ones_own_file(mine, tmp_path):
    """A classifier on classes; an encoder on pairs with a number each, which is a task to train on, too."""
    given = {name: value for name, value in mine.items() if name not in ("tasks", "tuning_seeds")} | SMALLER
    grid = notebooks.grid(ROOT, "experiments/smaller_model", given | {"task": OWN, "encoder_task": ""})
    # The whole and the cut model, what the cut changes, and the times at two shapes.
    assert Counter(type(each).__name__ for each in grid) == {"SavedForm": 2, "FormChange": 1, "FormTimes": 2}
    assert {start.label for each in grid for start in starts_of(each)} == {"mood"}
    with pytest.raises(ValueError, match=r"encoder_task = 'own' has no pairs with a number each"):
        notebooks.grid(ROOT, "experiments/smaller_model", given | {"task": OWN, "encoder_task": OWN})
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("text,other,alike\n" + "".join(f"w{row} w1,w{row} w2,{row % 5}\n" for row in range(40)))
    numbers = {"train_file": str(pairs), "second_column": "other", "label_column": "alike", "labels": "numbers"}
    grid = notebooks.grid(ROOT, "experiments/smaller_model", given | numbers | {"task": OWN, "encoder_task": OWN})
    assert Counter(type(each).__name__ for each in grid) == {"SavedForm": 4, "FormChange": 2, "FormTimes": 3}
    assert {start.label for each in grid for start in starts_of(each)} == {"alike"}


WITH_TEXT = {
    # Three conditions at two sparsities, where a freed model and one cut later begin with the control as it was pruned.
    "gordon_pruning": {"seeds": [1], "sparsities": [0.0, 0.5]},
    "rewinding": {"seeds": [1], "sources": [OWN, "mlm"], "varied_tasks": []},
}


@pytest.mark.parametrize("name", WITH_TEXT)
def test_beside_text_a_model_pruned_in_pre_training_learns_the_file(mine, corpus, name):
    """The pre-trained model brings the file, and whatever is pruned from it has the rows of that."""
    given = {name: value for name, value in mine.items() if name != "tuning_seeds"} | {"text": str(corpus)}
    grid = notebooks.grid(ROOT, path(name), given | WITH_TEXT[name])
    tuned = [each for each in grid if isinstance(each, FineTuning)]
    assert {start for each in tuned for start in starts_of(each)} == {starts.own(mine_as_start(mine))}
    for each in tuned:
        assert each.data == ""
        assert each.task_named(OWN).LABELS == ("blame", "praise")
        assert len(each.tables(OWN)["train"]) > len(each.tables(OWN)["dev"]) > 0
    (begun,) = {each.start.start for each in tuned if isinstance(each.start, GradualPruning)}
    assert begun.task_named("cola").TITLE == "CoLA"
    with pytest.raises(ValueError, match="brings no data of the task 'cola'"):
        begun.tables("cola")
    assert store.key(replace(begun, data=None)) != store.key(begun)


@pytest.mark.parametrize("name", CHAPTERS)
def test_without_labels_the_models_own_answers_are_the_task(mine, deciding, name):
    given, runs = CHAPTERS[name]
    grid = notebooks.grid(ROOT, path(name), mine | given | {"model": deciding, "label_column": ""})
    assert {start for each in grid for start in starts_of(each)} == {
        Unlabelled(model=deciding, file=mine["train_file"], test_share=0.2, text="text", second="", max_length=16)
    }
    assert Counter(type(each).__name__ for each in grid) == runs


@pytest.mark.parametrize(
    ("name", "changed", "told"),
    [
        *[(name, {"model": "miniature"}, "knows the words of its own language alone") for name in CHAPTERS],
        *[(name, {"train_file": ""}, "train_file = ''") for name in CHAPTERS],
        *[(name, {"tasks": ["cola"]}, "give that, in the place of cola") for name in CHAPTERS],
        ("all_methods", {"label_column": "", "labels": "numbers"}, "so leave labels as by default"),
        (
            "how_much_can_go",
            {"task": OWN, "label_column": "", "dev_examples": 5},
            "so leave dev_examples as by default",
        ),
        ("mask_learning", {"head": "mlm"}, "own.csv has none: give the head 'random'"),
        ("rewinding", {"sources": [OWN, "mlm"]}, "give 'own' alone"),
    ],
)
def test_what_makes_no_sense_is_refused(mine, name, changed, told):
    given = mine if name in CHAPTERS else {key: mine[key] for key in ("model", "train_file")}
    with pytest.raises(ValueError, match="own") as error:
        notebooks.grid(ROOT, path(name), given | CHAPTERS.get(name, ({},))[0] | changed)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("name", "given"), [("how_much_can_go", {"task": OWN, "seeds": [1]}), ("component_importance", {"tasks": [OWN]})]
)
def test_a_tag_for_each_word_is_taken_where_the_chapter_says_so(names_folder, name, given):
    file = {"model": str(names_folder / "model"), "train_file": str(names_folder / "names.conll"), "labels": "tags"}
    grid = notebooks.grid(ROOT, f"experiments/{name}", given | file | {"max_length": 16})
    own = {start for each in grid for start in starts_of(each)}
    assert {start.labels for start in own} == {"tags"}
    assert {start.task_named(OWN).LABELS for start in own} == {("O", "B-A", "I-A", "B-B", "I-B")}


@pytest.mark.parametrize("name", [name for name in CHAPTERS if name != "component_importance"])
def test_elsewhere_tags_are_refused_in_a_sentence(names_folder, mine, name):
    file = {"train_file": str(names_folder / "names.conll"), "labels": "tags"}
    with pytest.raises(ValueError, match=r"labels = 'tags': this chapter takes classes and numbers"):
        notebooks.grid(ROOT, path(name), mine | CHAPTERS[name][0] | file)
