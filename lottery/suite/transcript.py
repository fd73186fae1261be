"""What commands print, for a page to show: they are called, and their own words taken."""

import io
import json
import os
import shlex
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from lottery.suite import warm

WIDTH = 96  # characters of a line, as wide as a page shows


def transcript(commands: Sequence[Sequence[str]], folder: Path) -> list[str]:
    """What a terminal in a folder shows of each of these commands of `lottery`, one after another, as Markdown.

    commands  their words, without `lottery`
    returns   up to the first that is refused, with the sentence that says why: those behind it go on from what it makes
    Raises RuntimeError where one of them fails.
    """
    environment = os.environ | {"COLUMNS": str(WIDTH), "TERM": "dumb", "NO_COLOR": "1"}
    with TemporaryDirectory() as beside:
        answers, said = Path(beside, "answers"), Path(beside, "said")
        asked = [[*words] for words in commands], str(answers)
        if warm.Copy(_called, *asked, folder=folder, environment=environment, said=said).wait():
            why = said.read_text(encoding="utf-8", errors="replace").strip()[-500:]
            raise RuntimeError(f"the commands could not be called: {why}")
        answered = json.loads(answers.read_text(encoding="utf-8"))
    blocks = []
    for words, (code, text) in zip(commands, answered, strict=False):
        if code not in (0, 2):
            raise RuntimeError(f"lottery {shlex.join(words)} ended with {code}: {text.strip()[-500:]}")
        shown = text.strip().replace(f"{folder.resolve()}{os.sep}", "")
        blocks.append(f"```text\n$ lottery {shlex.join(words)}\n{shown}\n```")
    return blocks


def _called(commands: list[list[str]], answers: str) -> None:
    """Call them one after another, up to the first that is refused; leave exit code and words of each in a file."""
    from lottery.suite import cli

    told = []
    for words in commands:
        with io.StringIO() as said, redirect_stdout(said), redirect_stderr(said):
            try:
                cli.main(words)
            except SystemExit as left:
                told.append([left.code, said.getvalue()])
        if told[-1][0]:
            break
    Path(answers).write_text(json.dumps(told), encoding="utf-8")
