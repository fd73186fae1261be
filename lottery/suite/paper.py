"""The book on paper: all pages in one, printed by Chromium without a window. No LaTeX."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console

from lottery import files
from lottery.suite import book

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 60_000  # milliseconds of the page's own time, in which formulas are set


def installed() -> str | None:
    """The path of a Chromium."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def printed(root: Path, console: Console) -> Path:
    """The built book as book/_build/book.pdf; the console is told where it has to wait.

    Raises FileNotFoundError where the book is not built yet, ValueError where no Chromium is installed, RuntimeError
    where it prints nothing.
    """
    home = root / "book" / "_build"
    if not (home / "source").is_dir() or not (home / "html" / "index.html").exists():
        raise FileNotFoundError(f"there is no book in {home}: build it by `lottery book`")
    if not (browser := installed()):
        raise ValueError(
            f"Chromium is not installed: printing takes a program called {', '.join(NAMES[:-1])} or {NAMES[-1]}"
        )

    with book.rendering(home / ".lock", console), tempfile.TemporaryDirectory() as folder:
        page = book.render(home / "source", Path(folder) / "paper", builder="singlehtml", strict=False) / "index.html"
        with files.written(home / "book.pdf") as partial:
            options = [
                f"--user-data-dir={folder}/profile",
                f"--virtual-time-budget={PATIENCE}",
                "--no-pdf-header-footer",
            ]
            options += ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--print-to-pdf={partial}"]
            done = subprocess.run([browser, *options, page.as_uri()], capture_output=True, text=True)
            if not partial.exists() or not partial.stat().st_size:
                raise RuntimeError(f"{browser} printed nothing: {done.stderr.strip()[-500:]}")
    return home / "book.pdf"
