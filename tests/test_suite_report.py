"""`lottery report`: one page that asks for nothing outside, whose numbers are those of the runs, and that goes on."""

import base64
import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from lottery.experiments.component_times import ComponentTimes
from lottery.statistics import Estimate
from lottery.suite import report_page, reporting, shrinking

VOID = {"meta", "img", "br", "hr", "link", "input"}
COLUMNS = ["--text-column", "text", "--label-column", "mood"]
# A store of its own: elsewhere the folder's parts are given other times.
HOW = [*COLUMNS, "--max-length", 16, "--length", 8, "--learning-rate", 3e-3, "--results", "reports"]


class Balance(HTMLParser):
    """Counts that every element is closed in its order, and gathers texts of cells, addresses and rules of style."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.ids, self.addresses, self.tables, self.style = [], [], [], [], ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.addresses += [
            attributes[name] for name in ("src", "href", "srcset", "data", "action") if name in attributes
        ]
        if tag == "img":
            assert attributes["alt"]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            self.style += data
        if {"td", "th"} & {*self.open}:
            self.tables[-1][-1][-1] += data


@pytest.fixture
def here(mood_folder, monkeypatch):
    """The folder of a model and a file; in it a head takes 8 units of time and a neuron 1, whatever else goes on."""
    monkeypatch.chdir(mood_folder)
    times = {"whole": 0.25, "head": 8e-3, "neuron": 1e-3, "threads": 1}
    monkeypatch.setattr(ComponentTimes, "perform", lambda self, run: times)
    monkeypatch.setattr(reporting, "SHARES", (0.3, 0.5))
    monkeypatch.setattr(reporting, "MORE_SHARES", (0.3, 0.5))
    monkeypatch.setattr(shrinking, "LADDER", (0.3,))
    return mood_folder


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("metrics.json")}


def test_a_first_answer_is_one_page_and_thorough_goes_on(here, lottery):
    code, _, error = lottery("report", "model", "own.csv", "-o", "page.html", *HOW, "--json", "numbers.json")
    assert code == 0, error
    assert "14 of 14: random heads and neurons: 50% gone" in error
    text, found = (here / "page.html").read_text("utf-8"), json.loads((here / "numbers.json").read_text())
    page = Balance(text)
    assert len({*page.ids}) == len(page.ids)
    assert "This is a first answer" in text
    assert "lottery report model own.csv --text-column text --label-column mood --learning-rate 0.003" in text
    # `lottery shrink` has another batch size by default, and would train the full model again.
    assert "--train-file own.csv --text-column text --label-column mood --learning-rate 0.003 --batch-size 16" in text
    assert "--results reports -o page.html --thorough" in text

    # Nothing outside is asked for, in the page and in its figures.
    assert "http" not in text
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert all(each.startswith(("#", "data:image/svg+xml;base64,")) for each in page.addresses)
    (figure,) = (each for each in page.addresses if each.startswith("data:"))
    drawn = base64.b64decode(figure.partition(",")[2]).decode()
    assert drawn.rstrip().endswith("</svg>")
    assert not re.search(r'(href|src)="(?!#)', drawn)
    assert "@media (prefers-color-scheme: dark)" in page.style
    assert "max-width: 600px" in page.style
    assert str(here) not in text

    # Its numbers are those of the runs.
    (dense,) = (here / "reports/FineTuning").iterdir()
    metrics = json.loads((dense / "metrics.json").read_text())["metrics"]
    assert found["whole"]["score"]["mean"] == pytest.approx(metrics["score"])
    assert f"{100 * metrics['score']:.1f} ({100 * found['whole']['score']['low']:.1f} to " in text
    assert found["data"]["judge"] == 45
    assert sum(found["data"]["classes"].values()) == pytest.approx(1)
    (cuts,) = (table for table in page.tables if table[0][0] == "method")
    whole = pd.read_parquet(dense / "answers.parquet")
    right = (whole["answer"] == whole["label"]).mean()
    for method, row in zip(found["methods"], cuts[1:], strict=True):
        assert row[0] == method["name"]
        for cell, shown in zip(method["cells"], row[2:], strict=True):
            answers = pd.read_parquet(here / "reports" / cell["run"] / "answers.parquet")
            change = (answers["answer"] == answers["label"]).mean() - right
            assert cell["change"]["mean"] == pytest.approx(change)
            points = "0.0" if abs(change) < 5e-4 else f"{100 * change:+.1f}"
            assert shown.startswith("0.0 (none differs)" if cell["change"]["low"] is None else f"{points} (")
            assert f"<code>{cell['run']}</code>" in text
    for line in found["saves"]:
        saved = 8e-3 * (8 - line["heads"]) + 1e-3 * (128 - line["neurons"])
        assert line["faster"] == pytest.approx(0.25 / (0.25 - saved))

    # The commands that it names do what it says.
    saving, applying = next(
        lines.splitlines() for lines in re.findall(r"<code>([^<]*)</code></pre>", text) if "OneShot" in lines
    )
    for line in (saving, applying):
        code, _, error = lottery(*line.split()[1:])
        assert code == 0, error
    small = next(line for line in re.findall(r"<code>([^<]*)</code></pre>", text) if "--ticket" in line)
    code, _, error = lottery(*small.split()[1:])
    assert code == 0, error
    shutil.rmtree(here / "small")  # the folder is shared with other tests

    # Nothing is run twice, and --thorough goes on.
    before = stamps(here / "reports")
    code, _, error = lottery("report", "model", "own.csv", "-o", "page.html", *HOW)
    assert code == 0, error
    assert stamps(here / "reports") == before
    assert (here / "page.html").read_text("utf-8") == text
    code, _, error = lottery("report", "model", "own.csv", "-o", "more.html", *HOW, "--json", "more.json", "--thorough")
    assert code == 0, error
    more, after = json.loads((here / "more.json").read_text()), stamps(here / "reports")
    assert before.items() <= after.items()
    page = Balance((here / "more.html").read_text("utf-8"))
    assert "This is a first answer" not in (here / "more.html").read_text("utf-8")
    assert [method["name"] for method in more["methods"]][-2:] == [
        "smallest weights of all, retrained",
        "random weights, retrained",
    ]
    assert len(more["ladder"]) == 1
    assert more["ladder"][0]["faster"] > 0
    assert sum(each.startswith("data:") for each in page.addresses) == 2


def test_a_file_of_tags_is_reported_on(names_folder, lottery, monkeypatch):
    monkeypatch.chdir(names_folder)
    monkeypatch.setattr(ComponentTimes, "perform", lambda self, run: {"whole": 0.25, "head": 8e-3, "neuron": 1e-3})
    monkeypatch.setattr(reporting, "SHARES", (0.5,))
    how = ["--tags", "--max-length", 16, "--length", 8, "--learning-rate", 3e-3, "--results", "reports"]
    code, _, error = lottery("report", "model", "names.conll", "-o", "page.html", *how, "--json", "numbers.json")
    assert code == 0, error
    text, found = (
        (names_folder / "page.html").read_text("utf-8"),
        json.loads((names_folder / "numbers.json").read_text()),
    )
    assert found["whole"]["metric"] == "entity_f1"
    assert found["whole"]["majority"] == 0
    assert found["data"]["classes"].keys() == {"A", "B"}
    parsed = Balance(text)
    assert parsed.tables[0][0] == ["type of entity", "share of the entities"]
    for method in found["methods"]:
        for one in method["cells"]:
            answers = pd.read_parquet(names_folder / "reports" / one["run"] / "answers.parquet")
            right = [{*spans(tags)} for tags in answers["label"]]
            given = [{*spans(tags)} for tags in answers["answer"]]
            both = sum(len(a & b) for a, b in zip(given, right, strict=True))
            f1 = 2 * both / (sum(map(len, given)) + sum(map(len, right)))
            assert one["score"]["mean"] == pytest.approx(f1)
    # CoNLL's files have no columns to be named.
    vocabulary = "lottery vocabulary model names.conll -o fewer_words"
    assert f"{vocabulary}\n" in text or f"{vocabulary}<" in text
    code, _, error = lottery(*vocabulary.split()[1:])
    assert code == 0, error


def spans(tags):
    """(first word, last word, type) of each entity of a sentence."""
    words = tags.split()
    for place, tag in enumerate(words):
        goes_on = tag[0] == "I" and place and words[place - 1] != "O" and words[place - 1][2:] == tag[2:]
        if tag != "O" and not goes_on:
            ends = place + 1
            while ends < len(words) and words[ends] == f"I-{tag[2:]}":
                ends += 1
            yield place, ends, tag[2:]


def test_killed_it_goes_on_from_the_run_it_was_at(here, lottery, monkeypatch, tmp_path):
    from lottery.experiments.parts_cut import PartsCut

    perform, how = PartsCut.perform, [*HOW[:-1], tmp_path / "runs"]
    monkeypatch.setattr(PartsCut, "perform", lambda self, run: (_ for _ in ()).throw(KeyboardInterrupt))
    code, _, error = lottery("report", "model", "own.csv", "-o", tmp_path / "page.html", *how)
    assert (code, "the same command goes on from here" in error) == (130, True)
    assert not (tmp_path / "page.html").exists()
    before = stamps(tmp_path / "runs")
    assert len(before) == 10
    monkeypatch.setattr(PartsCut, "perform", perform)
    code, _, error = lottery("report", "model", "own.csv", "-o", tmp_path / "page.html", *how)
    assert code == 0, error
    assert before.items() < stamps(tmp_path / "runs").items()
    assert (tmp_path / "page.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["model", "own.csv", "-o", "page.html"], "--text-column is missing"),
        (["model", "own.csv", "-o", "page.pdf", *COLUMNS], "page.pdf does not end in .html"),
        (["model", "own.csv", "-o", "page.html", "--json", "page.txt", *COLUMNS], "page.txt does not end in .json"),
        (["model", "own.csv", "-o", "folder.html", *COLUMNS], "folder.html is there: give another name"),
        (
            ["model", "own.csv", "-o", "page.html", "--json", "folder.json", *COLUMNS],
            "folder.json is there: give another name",
        ),
        (["model", "none.csv", "-o", "page.html", *COLUMNS], "none.csv"),
        (["model", "own.csv", "-o", "page.html", *COLUMNS[:3], "moot"], "moot"),
        (["nomodel", "own.csv", "-o", "page.html", *COLUMNS], "nomodel"),
        (["miniature", "own.csv", "-o", "page.html", *COLUMNS], "is made by the book's runs"),
        (["model", "own.csv", "-o", "page.html", *COLUMNS, "--length", 99], "99"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_a_sentence(arguments, sentence, here, lottery):
    for folder in ("folder.html", "folder.json"):
        (here / folder).mkdir(exist_ok=True)
    code, _, error = lottery("report", *arguments, *(["--max-length", 16] if arguments[0] == "model" else []))
    assert code == 2
    assert sentence in error
    assert len(error.splitlines()) == 1
    assert not (here / "page.html").exists() or (here / "page.html").stat().st_size > 0


def test_a_sentence_encoder_without_labels_has_nothing_to_report(vectors_folder, lottery, tmp_path):
    words = [vectors_folder / "encoder", vectors_folder / "pairs.csv", "-o", tmp_path / "page.html"]
    code, _, error = lottery("report", *words, "--text-column", "one", "--max-length", 16)
    assert (code, "name --label-column, or have `lottery shrink`" in error, len(error.splitlines())) == (2, True, 1)


def cell(share, mean, reach=0.02):
    change = Estimate(mean, mean - reach, mean + reach)
    return {
        "share": share,
        "score": Estimate(0.9 + mean, 0.0, 1.0),
        "change": change,
        "above_lot": change,
        "run": "A/b",
    }


def made(**more):
    """What runs of two methods and their lots might tell."""
    lots = {reporting.LOT: "", reporting.PARTS_LOT: ""}
    names = {"Wanda": reporting.LOT, "OBS": reporting.LOT, "least important heads and neurons": reporting.PARTS_LOT}
    return {
        "thorough": False,
        "data": {"title": "a <b> & 'c'", "learn": 800, "judge": 200, "classes": {"<i>bad</i>": 0.5, "good": 0.5}}
        | {"tagged": False, "twins": 0, "at_odds": 0, "unknown": 0.0, "cut": 0.0, "max_length": 128},
        "whole": {"model": "<script>x</script>", "head": "It has a head.", "metric": "accuracy", "majority": 0.5}
        | {"score": Estimate(0.9, 0.85, 0.94), "is_clear": True, "steps": 0, "still_rising": False}
        | {"bytes": 9e7, "run": "FineTuning/a"},
        "bound": 0.025,
        "best": {"method": "Wanda", "share": 0.3, "shown": True},
        "methods": [
            {
                "name": name,
                "lot": lot,
                "shown": 0.3 if name == "Wanda" else 0.0,
                "cells": [cell(0.3, 0.0), cell(0.5, -0.1)],
            }
            for name, lot in (names | lots).items()
        ],
        "behind": {name: Estimate(-0.05, -0.08, -0.02) for name in (names | lots)}
        | {"OBS": Estimate(-0.01, -0.03, 0.01)},
        "saves": [
            {
                "share": 0.3,
                "heads": 5,
                "all_heads": 8,
                "neurons": 90,
                "all_neurons": 128,
                "bytes": 8e7,
                "faster": np.nan,
            }
        ],
        "ladder_bound": 0.03,
        "ladder": [],
        "runs": [{"what": "the full model", "run": "FineTuning/a"}],
    } | more


TYPED = report_page.Typed(model="my model", file="f;x.csv", text_column="text", options=["--text-column", "text"])


def test_names_of_users_are_no_markup():
    page = report_page.page(made(), TYPED)
    parsed = Balance(page)
    assert "<script" not in page
    assert ["<i>bad</i>", "50%"] in parsed.tables[0]
    assert "lottery vocabulary 'my model' 'f;x.csv'" in report_page.untried(made(), TYPED)[1][2]


def test_what_was_not_worth_it_is_what_is_shown_to_be_behind():
    told = dict(report_page.verdicts(made()))
    assert told.keys() == {"Wanda", "OBS", "least important heads and neurons"}
    assert told["Wanda"].startswith("the best of those tried, with 30% gone")
    assert told["OBS"].startswith("not shown to be worse than Wanda, with 30% gone: -1.0 (-3.0 to +1.0) points.")
    assert told["least important heads and neurons"].startswith("not worth it: -5.0 (-8.0 to -2.0) points beside Wanda")
    assert all("At no share is it shown to be better than" in why for why in told.values())


def test_a_model_that_knows_nothing_is_not_advised_on():
    unclear = made(whole=made()["whole"] | {"is_clear": False})
    short = " ".join(report_page.in_short(unclear))
    assert "not shown to be better than the majority-class baseline" in short
    assert "can go by" not in short
    assert "Nothing can be told apart" in report_page.page(unclear, TYPED)
    none = made(best={"method": "Wanda", "share": 0.3, "shown": False})
    assert "No share that was tried is shown to go for at most 2.5 points" in " ".join(report_page.in_short(none))


def test_numbers_at_a_glance_are_those_of_the_runs():
    """What can be set to zero is the best method's; what can be cut out, and what that saves, that of whole parts."""
    whole, zeros, out = report_page.tiles(made())
    assert whole[1:] == (
        "90.0",
        "accuracy, between 85.0 and 94.0 as far as 200 rows tell; majority class 50.0",
    )
    assert zeros[1:] == ("30%", "of the weights of its layers, for at most 2.5 points")
    assert out[1] == "0%"
    cut = {"share": 0.3, "heads": 5, "all_heads": 8, "neurons": 90, "all_neurons": 128, "bytes": 6e7, "faster": 1.25}
    free = [each | {"shown": 0.3} for each in made()["methods"]]
    _, _, out = report_page.tiles(made(methods=free, saves=[cut]))
    assert out[1] == "30%"
    assert out[2].endswith("for at most 2.5 points: 1.25 times as fast, 60.0 MB of 90.0")
    trained = cut | {"faster": 1.84, "judged": Estimate(-0.01, -0.02, 0.0)}
    *_, last = report_page.tiles(made(ladder=[trained, trained | {"judged": Estimate(np.nan, np.nan, np.nan)}]))
    assert last[1:] == ("1.8×", "as fast with 60.0 MB; the score changes by -1.0 (-2.0 to 0.0) points")
    assert len(report_page.tiles(made(whole=made()["whole"] | {"is_clear": False}))) == 1


def test_json_has_no_nan():
    text = json.dumps(report_page.plain(made()), allow_nan=False)
    assert json.loads(text)["saves"][0]["faster"] is None
    assert json.loads(text)["whole"]["score"] == {"mean": 0.9, "low": 0.85, "high": 0.94}
