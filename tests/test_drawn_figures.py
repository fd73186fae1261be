"""What captions say that a figure has, counted in the figure: the functions that draw it, on made-up tables."""

import ast
from pathlib import Path
from types import SimpleNamespace

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


def test_the_movement_of_matrices_has_a_line_a_task_and_crosses_of_noise_above():
    def by_place(shift: float, tasks: tuple[str, ...]) -> pd.DataFrame:
        kinds = [("kind", name) for name in families.KINDS] + [("layer", number) for number in range(3)]
        return pd.DataFrame(
            [{"task": task, "by": by, "name": name, "mean": 0.01 + shift} for task in tasks for by, name in kinds]
        )

    ours, theirs = ("cola", "sst2"), ("cola", "mnli", "sst2")
    scope = {
        "findings": SimpleNamespace(
            ours_by_place=lambda runs, what="": by_place(0.02 if what else 0.0, ours),
            theirs_by_place=lambda table: by_place(0.0, theirs),
        ),
        "plots": plots,
        "families": families,
        "look": look,
        "pd": pd,
        "np": np,
        "by_matrix": None,
        "title": str.upper,
        "plt": SimpleNamespace(show=lambda: None),
    }
    exec(functions("analyses/gordon_movement", "order_of", "matrices_drawn"), scope)
    scope["matrices_drawn"](None)
    panels = plt.gcf().axes
    crosses = [[line for line in ax.lines if line.get_marker() == "x"] for ax in panels]
    assert [len(each) for each in crosses] == [2, 2, 0, 0]
    assert [len(ax.lines) - len(some) for ax, some in zip(panels, crosses, strict=True)] == [2, 2, 3, 3]
    assert all(line.get_linestyle() == "None" and np.allclose(line.get_ydata(), 3.0) for line in crosses[0])
    plt.close("all")
