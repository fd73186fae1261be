"""What the benchmarks of this folder share: a figure beside its bar, clocks, the table and the JSON.

A benchmark is a file here whose name does not begin with "_". It has `measure(**sizes)`, which returns Figures or
raises Skipped, and calls `main(__doc__, measure)`. What its JSON holds stands at `as_json`.
"""

import argparse
import gc
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

REFERENCE = Path(__file__).parents[2] / os.environ.get("LOTTERY_REFERENCE", "../shared")


class Skipped(Exception):
    """What this benchmark needs is not there; the sentence says what."""


@dataclass(frozen=True)
class Figure:
    """One measured figure: at least or at most the bar, or without one."""

    what: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    seen: dict[str, float] = field(default_factory=dict)  # what the figure was made from

    @property
    def bar(self) -> str:
        """The bar in words, "" where there is none."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "" if self.at_most is None else f"at most {self.at_most:g}"

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most


def side_by_side(
    ways: dict[str, Callable[[], Any]],
    *,
    rounds: int,
    turn: float = 0.0,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Seconds of each way of doing the same, in turns, and what it returned.

    In its turn a way is repeated until `turn` seconds are full, at least once. The fastest time counts, since other
    programs only slow down.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    answers = {}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            spent = 0.0
            while not spent or spent < turn:
                began = clock()
                answers[name] = way()
                seconds[name].append(clock() - began)
                spent += seconds[name][-1]
    return {name: min(taken) for name, taken in seconds.items()}, answers


def machine() -> dict[str, Any]:
    """Where it was measured, and how busy that was with other things: the load of the last minute."""
    return {
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def as_json(about: str, where: dict[str, Any], figures: list[Figure], skipped: str | None) -> dict[str, Any]:
    """What --json writes.

    about    the first line of the benchmark's docstring
    machine  as `machine` told it before the measuring began
    skipped  why nothing was measured, or null
    figures  of each Figure its fields, and `met`: true, false, or null where there is no bar
    """
    told = [asdict(figure) | {"met": figure.met} for figure in figures]
    return {"about": about, "machine": where, "skipped": skipped, "figures": told}


def as_table(about: str, figures: list[Figure]) -> Table:
    """A row a figure, with whether it meets its bar; those that miss it in red."""
    table = Table(title=about, title_justify="left")
    for heading in ("what", "figure", "bar", "met", "made from"):
        table.add_column(heading)
    for figure in figures:
        seen = ", ".join(f"{name} {value:.4g}" for name, value in figure.seen.items())
        style = "red" if figure.met is False else None
        met = {True: "yes", False: "no", None: ""}[figure.met]
        table.add_row(figure.what, f"{figure.value:.3g} {figure.unit}", figure.bar, met, seen, style=style)
    return table


def main(doc: str, measure: Callable[[], list[Figure]]) -> None:
    """Measure, print the table, and write the JSON where --json says."""
    about = doc.splitlines()[0]
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", type=Path, metavar="PATH", help="where to write what was measured")
    path = parser.parse_args().json
    where, console = machine(), Console()
    try:
        figures, skipped = measure(), None
        console.print(as_table(about, figures))
    except Skipped as reason:
        figures, skipped = [], str(reason)
        console.print(f"Skipped: {reason}")
    if path:
        path.write_text(json.dumps(as_json(about, where, figures, skipped), indent=1) + "\n", encoding="utf-8")
