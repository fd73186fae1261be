"""Run every benchmark of this folder, leave its JSON beside it, and tell which bars are met.

    python tests/benchmarks

A missed bar is told and no more, since a busy machine misses bars too. It exits with 1 where a benchmark crashed.
"""

import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table


def benchmarks(folder: Path) -> list[Path]:
    """The benchmarks of a folder: its scripts, but for those whose names begin with "_"."""
    return sorted(folder.glob("[!_]*.py"))


def run(folder: Path, console: Console) -> int:
    """How many crashed. The table at the end has a row for each bar, and for what was skipped or crashed."""
    summary = Table(title="All bars", title_justify="left")
    for heading in ("benchmark", "what", "figure", "bar", "met"):
        summary.add_column(heading)
    crashed = 0
    for script in benchmarks(folder):
        console.rule(script.stem)
        told = script.with_suffix(".json")
        told.unlink(missing_ok=True)
        done = subprocess.run([sys.executable, script, "--json", told])
        if done.returncode:
            crashed += 1
            summary.add_row(script.stem, "", "", "", f"crashed with {done.returncode}", style="red")
            continue
        measured = json.loads(told.read_text(encoding="utf-8"))
        if measured["skipped"]:
            summary.add_row(script.stem, measured["skipped"], "", "", "skipped", style="yellow")
        for figure in measured["figures"]:
            if figure["met"] is not None:
                least, most = figure["at_least"], figure["at_most"]
                bar = f"at most {most:g}" if least is None else f"at least {least:g}"
                value = f"{figure['value']:.3g} {figure['unit']}"
                met, style = ("yes", None) if figure["met"] else ("no", "red")
                summary.add_row(script.stem, figure["what"], value, bar, met, style=style)
    console.print(summary)
    return crashed


if __name__ == "__main__":
    sys.exit(1 if run(Path(__file__).parent, Console()) else 0)
