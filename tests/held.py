"""A lock that another process holds; a thread stands for it, since an flock is of the opened file."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from lottery import files


@contextmanager
def held(lock: Path, told: Callable[[], str], made: Path) -> Iterator[None]:
    """Inside the block another holds the lock, until something was told, or for a minute; till then nothing is made."""
    opened = threading.Event()

    def at_it() -> None:
        with files.locked(lock):
            opened.set()
            end = time.monotonic() + 60
            while "another process" not in told() and time.monotonic() < end:
                time.sleep(0.05)
            assert not made.exists()

    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(at_it)
        assert opened.wait(60)
        yield
        other.result()
