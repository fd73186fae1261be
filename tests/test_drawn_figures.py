"""What captions say that a figure has, counted in the figure: the functions that draw it, on made-up tables."""

import ast
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from lottery.models import families
from lottery.suite import plots
from lottery.suite.palette import look

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def functions(notebook: str, *names: str) -> str:
    """The source of functions of a notebook."""
    source = (NOTEBOOKS / f"{notebook}.py").read_text(encoding="utf-8")
    chosen = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name in names]
    assert len(chosen) == len(names)
    return "\n".join(ast.unparse(node) for node in chosen)


def test_the_movement_of_matrices_has_a_line_a_task_and_crosses_of_noise_where_there_is_noise():
    def by_place(shift: float, tasks: tuple[str, ...], what: str) -> pd.DataFrame:
        kinds = [("kind", name) for name in families.KINDS] + [("layer", number) for number in range(3)]
        lines = [(task, *place, 0.01 + shift, what) for task in tasks for place in kinds]
        return pd.DataFrame(lines, columns=["task", "by", "name", "mean", "what"])

    scope = {"families": families, "look": look, "pd": pd, "title": str.upper, "MOVEMENT": "movement"}
    scope["PARTS"] = {"kinds": "kind", "layers": "layer"}
    exec(functions("analyses/gordon_movement", "order_of", "matrices_drawn"), scope)
    ours = pd.concat([by_place(0.0, ("cola", "sst2"), "fine-tuning"), by_place(0.02, ("cola", "sst2"), "noise")])
    theirs = by_place(0.0, ("cola", "mnli", "sst2"), "fine-tuning")
    for table, lines, crosses in ((ours, 2, 2), (theirs, 3, 0)):
        panels = dict(zip(("kinds", "layers"), plots.panels(2), strict=True))
        scope["matrices_drawn"](table, panels)
        for ax in panels.values():
            noise = [line for line in ax.lines if line.get_marker() == "x"]
            assert (len(ax.lines) - len(noise), len(noise)) == (lines, crosses)
            assert all(line.get_linestyle() == "None" and np.allclose(line.get_ydata(), 3.0) for line in noise)
            assert len(ax.get_legend_handles_labels()[1]) == lines + (crosses > 0)  # noise has one name
        shown = [label.get_text() for label in panels["layers"].get_xticklabels()]
        assert shown == ["1", "2", "3"]
    plt.close("all")
