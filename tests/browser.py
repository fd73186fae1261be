"""A browser without a window, by which tests see what pages say in its console: Chromium, where one is installed."""

import fcntl
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from select import select
from threading import Thread
from time import monotonic

from lottery.suite.paper import installed

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
PATIENCE = 60.0  # seconds for a page to load
TOLD = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}


def consoles(site: Path, pages: list[str], profile: Path) -> dict[str, list[str]]:
    """What each page of a site writes into the console as it loads, served from this machine; a silent one is left out.

    profile  an empty folder for the browser
    One browser opens all of them, one after the other.
    """
    with _served(site) as address, _Browser(profile) as browser:
        said = {page: browser.console(f"{address}/{page}") for page in pages}
    return {page: lines for page, lines in said.items() if lines}


def values(site: Path, visits: list[tuple[str, list[str]]], profile: Path) -> list[list[object]]:
    """What expressions of JavaScript, one after the other, come to on pages of a site, opened in their order."""
    with reader(site, profile) as read:
        return [read(page, expressions) for page, expressions in visits]


@contextmanager
def reader(site: Path, profile: Path) -> Iterator[Callable[[str, list[str]], list[object]]]:
    """One browser for several visits: (page, expressions) -> what these come to there."""
    with _served(site) as address, _Browser(profile) as browser:

        def read(page: str, expressions: list[str]) -> list[object]:
            browser.console(f"{address}/{page}")
            return [browser.value(expression) for expression in expressions]

        yield read


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/favicon.ico":  # which a browser asks for, whatever the page says
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()


@contextmanager
def _served(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=site)) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Browser:
    """Chromium, spoken to by two pipes: messages of its DevTools protocol, each ended by a zero byte."""

    def __init__(self, profile: Path):
        theirs_in, self._out = _pipe()
        self._in, theirs_out = _pipe()
        arguments = [installed(), *OPTIONS, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'  # the numbers by which it knows the two ends
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", *arguments],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer, self._number, self._session = b"", 0, ""
        self._said: list[dict] = []

    def __enter__(self) -> "_Browser":
        try:
            target = self._ask("Target.createTarget", url="about:blank")["targetId"]
            self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for part in ("Page", "Runtime", "Log"):
                self._ask(f"{part}.enable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def console(self, url: str) -> list[str]:
        """Errors and warnings of a page until it is loaded, and those that are still to come of its scripts."""
        self._said = []
        self._ask("Page.navigate", url=url)
        while not any(message.get("method") == "Page.loadEventFired" for message in self._said):
            self._said.append(self._receive())
        self._ask("Runtime.evaluate", expression="new Promise(done => setTimeout(done, 100))", awaitPromise=True)
        return [line for message in self._said if (line := _told(message))]

    def value(self, expression: str) -> object:
        """What an expression comes to on the page that is open."""
        return self._ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def _ask(self, method: str, **parameters) -> dict:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self._said.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _receive(self) -> dict:
        end = monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select([self._in], [], [], max(0.0, end - monotonic()))
            part = os.read(self._in, 1 << 16) if ready else b""
            assert part, "the browser does not answer"
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(line)


def _pipe() -> tuple[int, int]:
    """A pipe whose ends have none of the numbers that they get in the browser."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return high


def _told(message: dict) -> str:
    """The line of a message that is an error or a warning in the console."""
    if message.get("method") not in TOLD:
        return ""
    told = message["params"]
    if "exceptionDetails" in told:
        details = told["exceptionDetails"]
        return details.get("exception", {}).get("description") or details["text"]
    if "entry" in told:
        return f"{told['entry']['text']} {told['entry'].get('url', '')}".strip()
    if told["type"] not in ("error", "warning", "assert"):
        return ""
    return " ".join(str(each.get("value", each.get("description"))) for each in told["args"])
