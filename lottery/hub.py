"""Files of the Hugging Face hub: found where they were downloaded before, else downloaded, else missed in seconds."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from httpx2 import HTTPError, Timeout
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError

PATIENCE = Timeout(8, connect=2)  # seconds; to connect, they count for each of the hub's addresses


def downloaded(
    name: str,
    wanted: Sequence[str],
    complete: Callable[[Path], bool],
    *,
    left_out: Sequence[str] = (),
    kind: Literal["model", "dataset"] = "model",
) -> Path:
    """The folder that holds the files of a repository.

    wanted    patterns of the files to download, `left_out` of those among them to leave there
    complete  whether a folder that was downloaded before holds all of them; the hub is asked only if not
    Raises ValueError where the hub does not know the name or does not answer.
    """
    folder = downloaded_before(name, wanted, left_out=left_out, kind=kind)
    if folder and complete(folder):
        return folder
    options = {"repo_type": kind, "allow_patterns": list(wanted), "ignore_patterns": list(left_out)}
    try:
        # Asked first because a download without a network tries again and again.
        HfApi().repo_info(name, repo_type=kind, timeout=PATIENCE)
        return Path(snapshot_download(name, **options))
    except RepositoryNotFoundError as error:
        raise ValueError(
            f"the Hugging Face hub has no {kind} {name!r} that may be read (`hf auth login` opens the private ones)"
        ) from error
    except (OSError, HTTPError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")
        option = "" if kind == "model" else " --repo-type dataset"
        raise ValueError(
            f"{name!r} is not downloaded, and the Hugging Face hub does not answer ({reason}): run `hf download "
            f"{name}{option}` once where there is a network"
        ) from error


def downloaded_before(
    name: str,
    wanted: Sequence[str],
    *,
    left_out: Sequence[str] = (),
    kind: Literal["model", "dataset"] = "model",
) -> Path | None:
    """The folder of what is on this machine of a repository's files, perhaps not all of them; None where nothing is."""
    try:
        return Path(
            snapshot_download(
                name,
                local_files_only=True,
                repo_type=kind,
                allow_patterns=list(wanted),
                ignore_patterns=list(left_out),
            )
        )
    except LocalEntryNotFoundError:
        return None
