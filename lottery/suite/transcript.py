"""What commands print, for a page to show: they are called, and their own words taken."""

import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from lottery import processes

WIDTH = 96  # characters of a line, as wide as a page shows

# One process calls them all: most of what a small one takes is the import of torch.
CALLED = """
import contextlib, io, json
from lottery.suite import cli
told = []
for words in json.loads(sys.argv[1]):
    with io.StringIO() as said, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            cli.main(words)
        except SystemExit as left:
            told.append([left.code, said.getvalue()])
            if left.code:
                break
print(json.dumps(told))
"""


def transcript(commands: Sequence[Sequence[str]], folder: Path) -> list[str]:
    """What a terminal in a folder shows of each of these commands of `lottery`, one after another, as Markdown.

    commands  their words, without `lottery`
    returns   up to the first that is refused, with the sentence that says why: those behind it go on from what it makes
    Raises RuntimeError where one of them fails.
    """
    environment = {"COLUMNS": str(WIDTH), "TERM": "dumb", "NO_COLOR": "1"}
    asked = json.dumps([[*words] for words in commands])
    done = processes.run(CALLED, asked, environment=environment, folder=folder)
    if done.returncode:
        raise RuntimeError(f"the commands could not be called: {done.stderr.strip()[-500:]}")
    blocks = []
    for words, (code, said) in zip(commands, json.loads(done.stdout.splitlines()[-1]), strict=False):
        if code not in (0, 2):
            raise RuntimeError(f"lottery {shlex.join(words)} ended with {code}: {said.strip()[-500:]}")
        told = said.strip().replace(f"{folder.resolve()}{os.sep}", "")
        blocks.append(f"```text\n$ lottery {shlex.join(words)}\n{told}\n```")
    return blocks
