"""What a name looks like: the same in every order and company."""

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from lottery.suite import checks, palette, plots
from lottery.suite.palette import COLOURS, MARKERS, look, place


def test_colours_and_markers_are_as_many_and_none_twice():
    assert len(set(COLOURS)) == len(COLOURS) == len(set(MARKERS)) == len(MARKERS)


def test_names_that_stand_together_have_looks_of_their_own():
    for line in palette.FAMILIES.splitlines():
        names = [name for name in line.split(" | ") if name != "-"]
        assert len({look(name)["color"] for name in names}) == len(names), line


def test_a_name_stands_in_one_family():
    names = [name for line in palette.FAMILIES.splitlines() for name in line.split(" | ") if name != "-"]
    assert sorted(names) == sorted(set(names)) == sorted(palette.PLACES)


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("SMP-L, a teacher", "SMP-L"),
        ("SMP-S, released, a teacher", "SMP-S, released"),
        ("retrained for a quarter of an epoch", "retrained"),
        ("BERT-base, printed", "BERT-base"),
        ("movement, regularised", "movement, regularised"),
    ],
)
def test_a_variant_looks_like_what_it_is_a_variant_of(name, like):
    assert place(name) == palette.PLACES[like]


def test_a_longer_word_is_no_variant():
    assert place("localised") == place("localised") != palette.PLACES["local"]


def test_a_name_with_a_number_goes_by_it():
    assert [place(f"seed {seed}") for seed in range(10)] == list(range(10))
    assert [place(f"{share:.0%} removed") for share in (0.0, 0.6, 0.9)] == [0, 6, 9]
    assert place(12) == 2


def test_lines_keep_their_colours_whatever_the_order():
    """Of the rows: what once made local look like global in one panel of a figure."""
    table = pd.DataFrame({"sparsity": [0.1, 0.1, 0.2, 0.2], "value": [1, 2, 3, 4], "by": ["local", "global"] * 2})
    drawn = []
    for rows in (table, table[::-1], table[table["by"] == "global"]):
        _, ax = plt.subplots()
        plots.against_sparsity(rows, "value", by="by", ax=ax)
        drawn.append({box.get_label(): box.lines[0].get_color() for box in ax.containers})
        plt.close()
    assert drawn[0] == drawn[1] == {"local": look("local")["color"], "global": look("global")["color"]}
    assert drawn[2] == {"global": drawn[0]["global"]}


@pytest.fixture
def figure(tmp_path):
    """Draws lines, points and bars, {name: (kind, colour)}, with a legend, as tmp_path/<file>.svg."""

    def draw(file, names, **legend):
        with mpl.rc_context({"svg.hashsalt": "a"}):
            _, ax = plt.subplots()
            for name, (kind, colour) in names.items():
                if kind == "bar":
                    ax.bar([1], [1], color=colour, label=name)
                else:
                    ax.errorbar([1, 2], [1, 2], [0.1, 0.1], color=colour, fmt=kind, label=name, capsize=2)
            ax.axhline(1, color="black")
            ax.set(title="CoLA", xlabel="at random")
            ax.legend(**legend)
            ax.figure.savefig(tmp_path / f"{file}.svg")
            plt.close()
        return (tmp_path / f"{file}.svg").read_text()

    return draw


def test_the_entries_of_a_legend_are_read_off_a_figure(figure):
    names = {"a line": ("-o", "#112233"), "points": ("s", "#445566"), "a bar": ("bar", "#778899")}
    assert checks.legend(figure("a", names)) == [(name, colour) for name, (_, colour) in names.items()]
    assert checks.legend(figure("a", names, title="why", ncols=3, frameon=False)) == [
        (name, colour) for name, (_, colour) in names.items()
    ]


def test_one_name_with_two_colours_is_told(figure, tmp_path):
    figure("a", {"local": ("-", "#0072b2"), "global": ("-", "#d55e00")})
    figure("b", {"global": ("-", "#d55e00")})
    assert checks.colours(tmp_path) == []
    figure("c", {"global": ("o", "#0072b2"), "local": ("-", "#0072b2")})
    assert checks.colours(tmp_path) == ["global is drawn in #d55e00 (a.svg) and in #0072b2 (c.svg)"]
