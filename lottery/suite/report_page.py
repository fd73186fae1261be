"""The page of a report: one file that asks for nothing outside itself, in light and dark, for those who decide."""

import base64
import io
import math
import shlex
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from lottery import store
from lottery.choices import listed
from lottery.statistics import Estimate
from lottery.suite import plots, reporting
from lottery.suite.palette import COLOURS, look


@dataclass(frozen=True)
class Typed:
    """What the user typed, as commands repeat it.

    options  those that were given, of which `lottery shrink` has the same: they describe the file and the training
    results  the store
    page     the file of the report
    """

    model: str
    file: str
    text_column: str
    second_column: str = ""
    options: list[str] = field(default_factory=list)
    results: str = "results"
    page: str = "report.html"


def page(found: dict[str, Any], typed: Typed) -> str:
    """The page, HTML, of what runs have told, as of `reporting.told`."""
    environment = Environment(
        loader=PackageLoader("lottery.suite", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"points": points, "score": score, "share": "{:.0%}".format}
    plots.house_style()
    figures = [(_inside(against_share(found)), _in_words(found))]
    if found["ladder"]:
        figures.append(
            (
                _inside(against_speed(found)),
                "Of the smaller models that were trained, how fast they are and what they cost.",
            )
        )
    return environment.get_template("report.html").render(
        found,
        metric=plots.metric(found["whole"]["metric"]),
        tiles=tiles(found),
        short=in_short(found),
        hints=hints(found),
        figures=figures,
        verdicts=verdicts(found),
        untried=untried(found, typed),
        commands=commands(found, typed),
        provenance=store.provenance(),
        typed=typed,
    )


def plain(value: Any) -> Any:
    """The same for JSON: an estimate as {"mean", "low", "high"}, and null for what is not defined."""
    if isinstance(value, Estimate):
        return plain(value._asdict())
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def points(change: Estimate) -> str:
    """A change of the score in points, with its interval; of models that are right and wrong alike there is none."""
    return "0.0 (none differs)" if _is_none(change) else change.in_words(100)


def in_points(change: Estimate) -> str:
    """The same in a sentence."""
    return "0.0 points, as no row is judged otherwise" if _is_none(change) else f"{change.in_words(100)} points"


def _is_none(change: Estimate) -> bool:
    return math.isnan(change.low) and change.mean == 0


def score(estimate: Estimate) -> str:
    """A score x 100, with its interval."""
    return estimate.in_words(100, ".1f")


def tiles(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What is to be seen at a glance: of each number what it is of, itself, and what it means.

    Of a model that is not shown to know anything its score alone.
    """
    whole, best = found["whole"], found["best"]
    low, high = (100 * end for end in whole["score"][1:])
    lines = [
        (
            "The full model",
            f"{100 * whole['score'].mean:.1f}",
            f"{plots.metric(whole['metric'])}, between {low:.1f} and {high:.1f} as far as "
            f"{found['data']['judge']:,} rows tell; majority class {100 * whole['majority']:.1f}",
        )
    ]
    if not whole["is_clear"]:
        return lines
    within = f"for at most {100 * found['bound']:.1f} points"
    lines.append(
        ("Can be set to zero", f"{best['share']:.0%}", f"of the weights of its layers, {within}")
        if best["shown"]
        else ("Can be set to zero", "0%", f"of its weights: no share that was tried is shown to go {within}")
    )
    cut = _cut_out(found)
    lines.append(
        (
            "Can be cut out",
            f"{cut['share']:.0%}",
            f"in whole heads and neurons, {within}: {_times(cut['faster'])} as fast, {cut['bytes'] / 1e6:.1f} MB of "
            f"{whole['bytes'] / 1e6:.1f}",
        )
        if cut
        else ("Can be cut out", "0%", f"of its heads and neurons: no share that was tried is shown to go {within}")
    )
    for line in found["ladder"]:
        if not math.isnan(line["judged"].mean):
            lines.append(
                (
                    "A smaller one, trained",
                    f"{line['faster']:.1f}\N{MULTIPLICATION SIGN}",
                    f"as fast with {line['bytes'] / 1e6:.1f} MB; the score changes by {in_points(line['judged'])}",
                )
            )
    return lines


def _cut_out(found: dict[str, Any]) -> dict[str, Any] | None:
    """What the model takes without as many heads and neurons as are shown to go; None where none are."""
    (shown,) = (method["shown"] for method in found["methods"] if method["name"] == reporting.LEAST)
    return next((line for line in found["saves"] if line["share"] == shown), None)


def in_short(found: dict[str, Any]) -> list[str]:
    """The answer, a sentence each."""
    whole, best = found["whole"], found["best"]
    lines = [
        f"The full model reaches {plots.metric(whole['metric'])} {score(whole['score'])} on "
        f"{found['data']['judge']:,} rows to score on; the majority-class baseline is {100 * whole['majority']:.1f}."
    ]
    if not whole["is_clear"]:
        return [
            *lines,
            "That is not shown to be better than the majority-class baseline, so what a cut costs says nothing yet: "
            "give more rows, a model that fits the language, or train it longer. What follows is for the record.",
        ]
    within = f"{100 * found['bound']:.1f} points"
    if not best["shown"]:
        lines.append(
            f"No share that was tried is shown to go for at most {within}: by {best['method']}, which lost least, "
            f"{best['share']:.0%} gone change the score by {in_points(_cell(found)['change'])}."
        )
    else:
        lines.append(
            f"{best['share']:.0%} of the weights of its layers can go by {best['method']}, for {within} at most: the "
            f"score changes by {in_points(_cell(found)['change'])}. Zeros alone save neither bytes nor time."
        )
    if line := _cut_out(found):
        lines.append(
            f"In whole heads and neurons {line['share']:.0%} can go for as little, which does save: "
            f"{line['bytes'] / 1e6:.1f} MB instead of {whole['bytes'] / 1e6:.1f}, and {_times(line['faster'])} as "
            "fast, reckoned."
        )
    for line in found["ladder"]:
        if not math.isnan(line["judged"].mean):
            lines.append(
                f"A smaller model, trained by the full one, is {_times(line['faster'])} as fast with "
                f"{line['bytes'] / 1e6:.1f} MB, as measured, and changes the score by {in_points(line['judged'])}."
            )
    if found["ladder"] and all(math.isnan(line["judged"].mean) for line in found["ladder"]):
        lines.append(
            "None of the smaller models that were trained is shown to lose at most "
            f"{100 * found['ladder_bound']:.1f} points on the rows that choose."
        )
    return lines


def hints(found: dict[str, Any]) -> list[str]:
    """What of the data or of the training makes the numbers doubtful."""
    given, whole, lines = found["data"], found["whole"], []
    if given["twins"]:
        lines.append(f"{given['twins']:,} of the rows to score on are among those to train on: scores are too high.")
    if given["at_odds"]:
        lines.append(f"{given['at_odds']:,} rows have a text that others label otherwise: no model is right on all.")
    if given["unknown"] > 0.05:
        lines.append(f"{given['unknown']:.0%} of the word pieces are unknown to the model's tokenizer.")
    if given["cut"]:
        lines.append(f"{given['cut']:.0%} of the rows to score on are cut at {given['max_length']} tokens.")
    if whole["still_rising"]:
        lines.append("The score was still rising when the training ended: a longer training may do better.")
    return lines


def verdicts(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Of each method beside the best one, whether it was worth trying, and why: its name and a sentence."""
    best, lines = found["best"], []
    gone = f"with {best['share']:.0%} gone"
    for method in found["methods"]:
        name = method["name"]
        if not method["lot"]:
            continue
        above = [f"{cell['share']:.0%}" for cell in method["cells"] if cell["above_lot"].sign > 0]
        lot = "" if above else f" At no share is it shown to be better than {method['lot']}."
        if name == best["method"]:
            lines.append((name, f"the best of those tried, {gone}.{lot}"))
            continue
        behind = found["behind"][name]
        if behind.sign < 0:
            lines.append((name, f"not worth it: {in_points(behind)} beside {best['method']}, {gone}.{lot}"))
        else:
            lines.append((name, f"not shown to be worse than {best['method']}, {gone}: {in_points(behind)}.{lot}"))
    return lines


def untried(found: dict[str, Any], typed: Typed) -> list[tuple[str, str, str]]:
    """What was left out, why, and the command for it, where there is one."""
    lines = []
    if not found["thorough"]:
        again = ["lottery", "report", typed.model, typed.file, *typed.options, "-o", typed.page, "--thorough"]
        lines.append(
            (
                f"Smaller models that are trained, {listed([*reporting.LATER])}, retraining and more shares",
                "they take longer, most of them a training each; this is a first answer. Nothing is run twice.",
                shlex.join(again),
            )
        )
    vocabulary = ["lottery", "vocabulary", typed.model, typed.file, *_columns(typed)]
    return [
        *lines,
        (
            "The vocabulary",
            "cutting it saves bytes and no time, and goes with any of these: the command measures what it costs.",
            shlex.join([*vocabulary, "-o", "fewer_words"]),
        ),
        (
            "Weights of 8 bits",
            "they go with a smaller model, and the command tells their score beside it.",
            shlex.join([*_shrink(typed.model, typed), "--int8"]),
        ),
        (
            "Learned masks and searches",
            "they train, or look at the model, for every share anew, and leave no smaller model than what is here.",
            "",
        ),
    ]


def commands(found: dict[str, Any], typed: Typed) -> list[dict[str, Any]]:
    """How to get each method's model: its name, the share, and lines to type.

    The share is the largest that is shown to go, or, where none is, the smallest that was tried.
    """
    model, lines = f"{typed.results}/{found['whole']['run']}/model", []
    for method in found["methods"]:
        if not method["lot"]:
            continue
        share = method["shown"] or method["cells"][0]["share"]
        (run,) = (f"{typed.results}/{cell['run']}" for cell in method["cells"] if cell["share"] == share)
        if method["name"].endswith(", retrained"):
            typing = [shlex.join(["cp", "-r", f"{run}/model", "pruned"])]
        elif method["name"] in reporting.PARTS:
            typing = [shlex.join([*_shrink(model, typed), "--ticket", run, "--epochs", "0"])]
        else:
            apply = ["lottery", "ticket", "apply", "ticket.safetensors", model, "-o", "pruned"]
            if method["name"] == "OBS":
                apply += ["--texts", typed.file, *_columns(typed)]
            typing = [shlex.join(["lottery", "ticket", "save", run, "-o", "ticket.safetensors"]), shlex.join(apply)]
        lines.append({"name": method["name"], "share": share, "shown": method["shown"] > 0, "lines": typing})
    lines.append(
        {
            "name": "a smaller model, trained by the full one",
            "share": None,
            "shown": any(not math.isnan(line["judged"].mean) for line in found["ladder"]),
            "lines": [shlex.join(_shrink(typed.model, typed))],
        }
    )
    return lines


def _columns(typed: Typed) -> list[str]:
    named = {"--text-column": typed.text_column, "--second-column": typed.second_column}
    return [word for option, name in named.items() if name for word in (option, name)]


def _shrink(model: str, typed: Typed) -> list[str]:
    return ["lottery", "shrink", model, "-o", "small", "--train-file", typed.file, *typed.options]


def _cell(found: dict[str, Any]) -> dict[str, Any]:
    best = found["best"]
    (method,) = (method for method in found["methods"] if method["name"] == best["method"])
    (cell,) = (cell for cell in method["cells"] if cell["share"] == best["share"])
    return cell


def _times(faster: float) -> str:
    return "many times" if math.isnan(faster) else f"{faster:.2f} times"


def against_share(found: dict[str, Any]) -> Axes:
    """The change of the score, in points with its interval, against the share that is gone, a line a method."""
    (ax,) = plots.panels(1, size=(7.0, 4.4), below=0.6)
    methods = found["methods"]
    for place, method in enumerate(methods):
        cells = [cell for cell in method["cells"] if not math.isnan(cell["change"].mean)]
        changes = 100 * np.array([cell["change"] for cell in cells]).reshape(-1, 3)
        ends = np.nan_to_num(np.abs(changes[:, 1:] - changes[:, :1]))  # of models that answer alike there are none
        apart = 0.7 * (place - (len(methods) - 1) / 2)  # of bars that would hide each other
        ax.errorbar(
            [100 * cell["share"] + apart for cell in cells],
            changes[:, 0],
            ends.T,
            label=method["name"],
            capsize=2,
            elinewidth=0.8,
            linestyle="-" if method["lot"] else ":",
            **look(method["name"]),
        )
    ax.axhline(0, color="black", linewidth=0.8)
    plots.chance(ax, -100 * found["bound"], "what counts as free")
    whole = found["whole"]
    plots.chance(ax, 100 * (whole["majority"] - whole["score"].mean), "majority-class baseline")
    ax.set(xlabel="weights of the layers that are gone (%)", ylabel="change of the score, in points")
    plots.legend_below([ax], columns=2)
    return ax


def against_speed(found: dict[str, Any]) -> Axes:
    """The change of the score against how many times as fast a smaller model is, on the rows that choose."""
    (ax,) = plots.panels(1, size=(7.0, 3.4))
    for line in found["ladder"]:
        mean, low, high = (100 * end for end in line["change"])
        ends = None if math.isnan(low) else [[mean - low], [high - mean]]
        ax.errorbar([line["faster"]], [mean], ends, marker="o", capsize=2, color=COLOURS[0])
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set(xlabel="times as fast as the full model", ylabel="change of the score, in points")
    return ax


def _in_words(found: dict[str, Any]) -> str:
    best = found["best"]
    return (
        "What the score changes by with more and more of the layers' weights gone, by each way to choose them, with "
        f"95% intervals over the rows; {best['method']} does best."
    )


def _inside(ax: Axes) -> str:
    """The figure as the address of an image that holds it."""
    drawn = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "report"}):  # the same figure twice is the same bytes
        ax.figure.savefig(drawn, format="svg", metadata={"Date": None})
    plt.close(ax.figure)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
