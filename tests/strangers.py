"""Programs that know transformers alone: each a process of its own, a copy of one that has imported it and no lottery.

What it imports takes seconds, which each of these programs would take again.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

SERVER = """
import json, os, sys, traceback
import torch
import transformers.exporters.base
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.models.bert import modeling_bert

for line in sys.stdin:
    given = json.loads(line)
    if not (child := os.fork()):
        os.dup2(given["said"], 1), os.dup2(given["said"], 2)
        os.chdir(given["folder"])
        sys.argv = ["-c", *given["arguments"]]
        code = 0
        try:
            exec(compile(given["program"], "<program>", "exec"), {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Strangers:
    """Runs programs as `python -c` does, once there is a process to copy."""

    def __init__(self, said: IO[bytes]):
        self.said = said  # a file for what they print
        self.server: subprocess.Popen | None = None

    def __call__(self, program: str, *arguments: object, folder: Path | None = None) -> str:
        """What a program prints; AssertionError with it where the program fails.

        arguments  its own, as texts
        folder     that it is started in
        """
        if self.server is None:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "pass_fds": [self.said.fileno()]}
            self.server = subprocess.Popen([sys.executable, "-c", SERVER], text=True, **pipes)
        self.said.seek(0)
        self.said.truncate()
        given = {"program": program, "arguments": [str(each) for each in arguments]}
        given |= {"folder": str(folder or Path.cwd()), "said": self.said.fileno()}
        print(json.dumps(given), file=self.server.stdin, flush=True)
        code = self.server.stdout.readline()
        self.said.seek(0)
        said = self.said.read().decode()
        assert code == "0\n", said[-2000:]
        return said


@contextmanager
def strangers() -> Iterator[Strangers]:
    with TemporaryFile() as said:
        run = Strangers(said)
        try:
            yield run
        finally:
            if run.server is not None:
                run.server.communicate()
