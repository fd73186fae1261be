"""Files that are whole or not there: after a kill, on a full disk, with two at work, after a bit has flipped."""

import contextlib
import errno
import fcntl
import glob
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

# What is wrong with a place and not with the program, and what to do about it.
REMEDIES = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there",
    errno.EACCES: "get the right to write there",
    errno.EPERM: "get the right to write there",
    errno.EROFS: "get the right to write there",
}
# Errors of what was asked for, whatever asked; others, as a full disk, are failures.
REFUSALS = (ValueError, FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
SETTLED = 2_000_000_000  # nanoseconds; a file may change twice within one tick of the coarsest clock of a file system


def path(text: str) -> Path:
    """The path that a text names; ~ is the home folder."""
    return Path(text).expanduser()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Inside the block a full disk or a missing permission is an OSError of one sentence, whichever library met it."""
    try:
        yield
    except Exception as error:
        number = _errno(error)
        if number not in REMEDIES:
            raise
        raise OSError(
            number,
            f"{path} cannot be written, {os.strerror(number).lower()}: {REMEDIES[number]} or choose another place, "
            "then give the same command again; what is finished stays",
        ) from error


def _errno(error: BaseException | None) -> int | None:
    while error:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        if found := re.search(r"\(os error (\d+)\)", str(error)):  # safetensors, which is written in Rust
            return int(found[1])
        error = error.__cause__ or error.__context__  # torch raises a RuntimeError of its own upon the OSError
    return None


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of `path`, flushed to disk, when the block ends well; else it is gone.

    What a killed process of this machine has left of it goes first.
    Raises OSError, in one sentence, where the disk is full or the permission is missing.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(path.parent, path.stem, path.suffix)
        try:
            yield partial
            sync(partial)
            if path.is_dir():
                shutil.rmtree(path)
            partial.replace(path)
            sync(path.parent)
        finally:
            with contextlib.suppress(OSError):  # of a folder without permission: what went wrong before is told
                partial.unlink(missing_ok=True)


@contextlib.contextmanager
def written_folder(place: Path) -> Iterator[Path]:
    """As `written`, for a folder: a temporary one, empty at first, that takes the place of `place`."""
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(place.parent, place.name)
        partial.mkdir()
        try:
            yield partial
            for file in partial.rglob("*"):
                sync(file)
            remove(place)
            partial.replace(place)
            sync(place.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _partial(folder: Path, stem: str, suffix: str = "") -> Path:
    """Where this process writes a file or folder before it takes its place, cleared of what killed ones have left.

    The name tells the machine, and the container, whose processes alone can be asked whether they live: others may
    share the folder. What cannot be removed stays. Of one path one thread of a process writes at a time.
    """
    prefix = f".{stem}-{_machine()}-"
    partial = folder / f"{prefix}{os.getpid()}{suffix}"
    for left in folder.glob(f"{glob.escape(prefix)}*{glob.escape(suffix)}"):
        number = left.name.removeprefix(prefix).removesuffix(suffix)
        if number.isdecimal() and (left == partial or not _lives(int(number))):
            with contextlib.suppress(OSError):  # another one has removed it meanwhile, or it is another user's
                remove(left)
    return partial


@cache
def _machine() -> str:
    """Its name and, on Linux, the number of the space in which its processes have their numbers."""
    spaces = Path("/proc/self/ns/pid")
    return f"{os.uname().nodename}-{spaces.stat().st_ino}" if spaces.exists() else os.uname().nodename


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def half_written(folder: Path) -> list[Path]:
    """What killed processes left of `written` in a folder; or what living ones have in work, so ask under its lock."""
    return [path for path in folder.glob(".*") if re.search(r"-\d+(\.[^.]*)?$", path.name)]


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> int:
    """Remove a file or a whole folder, if there is one; the bytes that were in it."""
    if path.is_dir() and not path.is_symlink():
        freed = sum(inside.lstat().st_size for inside in path.rglob("*") if not inside.is_dir())
        shutil.rmtree(path)
        return freed
    freed = path.lstat().st_size if path.exists() else 0
    path.unlink(missing_ok=True)
    return freed


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True, waiting: Callable[[], object] | None = None) -> Iterator[bool]:
    """Inside the block no other process holds the lock file `path`, for which this one waits.

    wait     with False it does not wait; the block is then told whether the lock is held
    waiting  called before it waits, if it has to
    An flock, which goes with its process however that ends. On a file system without flock (some NFS mounts) two
    processes may both get it: each then does the work, and since files take their place whole, they end with the same.
    """
    while True:
        if path.is_dir():
            shutil.rmtree(path)
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                file = path.open("a")
            except FileNotFoundError:  # the folder was removed just now
                continue
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not wait:
                    yield False
                    return
                if waiting:
                    waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):  # not removed in the waiting
                yield True
                return


def visible(folder: Path, *patterns: str) -> list[Path]:
    """The files below a folder that match one of the patterns of `Path.glob`, sorted; none hidden, nor in what is."""
    matches = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return sorted(path for path in matches if not any(part[0] == "." for part in path.relative_to(folder).parts))


def fingerprint(base: Path, paths: Iterable[Path]) -> str:
    """The sha256 of the names of files, as seen from a folder, and of what is in them; their order does not matter."""
    whole = sha256()
    for path in sorted(paths):
        whole.update(f"\0{path.relative_to(base)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def digest(path: Path) -> dict[str, Any]:
    """What is in a file, {sha256, size}, or in a folder, {files: {relative path: the same}}; {} for nothing."""
    if path.is_file():
        return {"sha256": checksum(path), "size": path.stat().st_size}
    if not path.is_dir():
        return {}
    return {"files": {str(p.relative_to(path)): digest(p) for p in sorted(path.rglob("*")) if p.is_file()}}


def checksum(path: Path) -> str:
    """The sha256 of a file, computed once in this process as long as the file stays as it is."""
    stat = path.stat()
    stamp = (str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    settled = abs(time.time_ns() - stat.st_mtime_ns) > SETTLED
    return _checksum(*stamp) if settled else _checksum.__wrapped__(*stamp)


@cache
def _checksum(path: str, *_: int) -> str:
    with Path(path).open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; {} where there is no such file, or something else is in it."""
    try:
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    with written(path) as partial:
        partial.write_text(json.dumps(value, indent=1))
