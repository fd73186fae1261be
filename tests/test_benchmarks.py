"""Every benchmark runs, on next to nothing, and tells what its reader and `make bench` look for; no time is judged."""

import importlib.util
import json
import runpy
import subprocess
import sys
from pathlib import Path

import dask
import pytest
from transformers import BertModel

from lottery.models import opening
from lottery.suite import warm

FOLDER = Path(__file__).parent / "benchmarks"
SCRIPTS = {path.stem: path for path in FOLDER.glob("[!_]*.py")}
SAID_BY_A_BUILD = "\n".join(
    [
        ".venv/bin/lottery book --profile quick --workers 2",
        "9 pages can be read while the rest is computed: open x",
        "The runs took 1 s",
        "The book is there: open x",
    ]
)


def a_commit(folder):
    """A repository with one commit."""
    git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    return folder


def one_layer(get):
    """A BERT of one layer: exports take seconds a layer."""
    config = get("config")
    config.num_hidden_layers = 1
    folder = get("tmp_path") / "one layer"
    opening.save(BertModel(config), get("tokenizer"), folder)
    return str(folder)


def few_cells(get):
    """Dask's workers begin as copies of the warm process, too: each would import for seconds."""
    get("monkeypatch").setattr("lottery.miniature.DOCUMENTS", 30)
    begun = warm.CONTEXT.get_start_method()
    get("monkeypatch").setitem(dask.config.config["distributed"]["worker"], "multiprocessing-method", begun)
    return {"empty": 2, "real": 1, "steps": 1, "epochs": 0.01, "rounds": 1}


# Sizes at which each takes a second or so; a new benchmark states its own here.
SIZES = {
    "selection": lambda get: {"layers": 1, "shapes": {"up": (8, 6), "down": (6, 8)}, "rounds": 1, "turn": 0.0},
    "batches": lambda get: {
        "model": get("bert_folder"),
        "folder": get("cola_folder"),
        "sentences": 37,
        "length": 20,
        "rounds": 1,
    },
    "components": lambda get: {
        "model": get("bert_folder"),
        "folder": get("cola_folder"),
        "sentences": 21,
        "alone": 3,
        "length": 20,
        "rounds": 1,
        "at_once": 2,
    },
    "mask_learning": lambda get: {
        "shape": {
            "vocab_size": 90,
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 24,
        },
        "batch": 2,
        "length": 5,
        "rounds": 1,
        "ways": ("smp_l", "smp_l by sorting", "smp_l by functional_call"),
        "held_by": ("smp_l by functional_call",),  # a process each
    },
    "cells": few_cells,
    "table": lambda get: {"count": 3, "rounds": 1},
    "mask_size": lambda get: {"layers": 1, "width": 16, "model": get("bert_folder"), "shares": (0.1,), "rounds": 1},
    "smaller": lambda get: {"model": one_layer(get), "shapes": ((2, 8), (1, 8)), "rounds": 1, "turn": 0.0},
    "first_minutes": lambda get: {
        "command": [sys.executable, "-c", f"print({SAID_BY_A_BUILD!r})"],
        "root": a_commit(get("tmp_path")),
    },
    "cached_book": lambda get: {"command": [sys.executable, "-c", ""], "root": get("tmp_path")},
}


@pytest.fixture
def load(monkeypatch, uncollected):
    """From the name of a file of the folder to its module, as a script there finds its neighbours."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def by_name(name):
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return by_name


def test_every_benchmark_is_tried_here():
    assert len(SCRIPTS) >= 5
    assert SIZES.keys() == SCRIPTS.keys()


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_benchmark_tells_figures_with_their_bars(name, load, request, tmp_path, monkeypatch):
    script = load(name)
    sizes = SIZES[name](request.getfixturevalue)
    path = tmp_path / "told.json"
    monkeypatch.setattr(sys, "argv", [name, "--json", str(path)])
    script.main(script.__doc__, lambda: script.measure(**sizes))
    told = json.loads(path.read_text())
    assert told.keys() == {"about", "machine", "skipped", "figures"}
    assert told["about"] == script.__doc__.splitlines()[0]
    assert {"machine", "processors", "threads", "load", "python", "torch", "numpy"} == told["machine"].keys()
    assert told["skipped"] is None
    assert any(figure["met"] is not None for figure in told["figures"])
    for figure in told["figures"]:
        assert figure.keys() == {"what", "value", "unit", "at_least", "at_most", "met", "seen"}
        assert figure["value"] > 0


def test_selection_is_measured_against_ways_that_agree(load):
    figures = load("selection").measure(layers=2, shapes={"up": (9, 7)}, rounds=1, turn=0.0)
    assert [figure.seen["removed alike"] for figure in figures if "removed alike" in figure.seen] == [1.0] * 6


def test_what_is_missing_is_said_and_no_failure(load, tmp_path, monkeypatch, capsys):
    script = load("batches")
    monkeypatch.setattr(sys, "argv", ["batches", "--json", str(tmp_path / "told.json")])
    script.main(script.__doc__, lambda: script.measure(folder=tmp_path))
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["figures"] == []
    assert "no glue/CoLA/train.tsv" in told["skipped"]
    assert "Skipped: no glue/CoLA/train.tsv" in " ".join(capsys.readouterr().out.split())


def test_a_book_is_not_cached_where_a_notebook_is_executed_again(load, tmp_path):
    executed = tmp_path / "book" / "_build" / "executed"
    executed.mkdir(parents=True)
    again = [sys.executable, "-c", "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(time.time()))"]
    with pytest.raises(RuntimeError, match="executed a notebook that the first had just executed"):
        load("cached_book").measure(command=[*again, executed / "a.ipynb"], root=tmp_path)


def test_a_bar_is_met_on_its_own_side(load):
    figure = load("_report").Figure
    assert [figure("", value, "s", at_most=2).met for value in (1, 2, 3)] == [True, True, False]
    assert [figure("", value, "s", at_least=2).met for value in (1, 2, 3)] == [False, True, True]
    assert figure("", 1, "s").met is None


def test_a_quick_way_is_repeated_until_its_turn_is_full(load):
    order, clock = [], iter([0, 3, 3, 5, 5, 6, 0, 9])
    ways = {"quick": lambda: order.append("quick"), "slow": lambda: order.append("slow")}
    seconds, _ = load("_report").side_by_side(ways, rounds=1, turn=6.0, clock=lambda: next(clock))
    assert order == ["quick"] * 3 + ["slow"]
    assert seconds == {"quick": 1, "slow": 9}


def test_ways_take_turns_and_the_fastest_turn_counts(load):
    order, clock = [], iter([0, 5, 0, 1, 0, 2, 0, 7])
    ways = {"a": lambda: order.append("a") or len(order), "b": lambda: order.append("b")}
    seconds, answers = load("_report").side_by_side(ways, rounds=2, clock=lambda: next(clock))
    assert order == ["a", "b", "a", "b"]
    assert seconds == {"a": 2, "b": 1}
    assert answers == {"a": 3, "b": None}


HEAD = "import json, pathlib, sys\n"
TELL = "pathlib.Path(sys.argv[2]).write_text(json.dumps({{'skipped': {skipped!r}, 'figures': {figures!r}}}))\n"


def figure(met):
    return {"what": "w", "value": 1.0, "unit": "s", "at_least": None, "at_most": 2, "met": met}


@pytest.mark.parametrize(
    ("sources", "crashed", "said"),
    [
        ({"good": HEAD + TELL.format(skipped=None, figures=[figure(True)])}, 0, ["yes"]),
        ({"missed": HEAD + TELL.format(skipped=None, figures=[figure(False)])}, 0, ["no"]),
        ({"absent": HEAD + TELL.format(skipped="no data", figures=[])}, 0, ["no data", "skipped"]),
        ({"a": "1 / 0", "b": HEAD + TELL.format(skipped=None, figures=[figure(True)])}, 1, ["crashed with 1", "yes"]),
        ({"good": HEAD + TELL.format(skipped=None, figures=[]), "_shared": "1 / 0"}, 0, ["good"]),
    ],
)
def test_all_run_and_only_a_crash_counts(sources, crashed, said, tmp_path, capfd):
    from rich.console import Console

    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
        (tmp_path / f"{name}.json").write_text("from an earlier time")
    run = runpy.run_path(str(FOLDER / "__main__.py"))["run"]
    assert run(tmp_path, Console(width=200)) == crashed
    out = capfd.readouterr().out
    assert all(text in out for text in said)
    assert "from an earlier time" not in "".join(p.read_text() for p in tmp_path.glob("[!_]*.json"))
