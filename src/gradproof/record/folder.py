"""Where run records lie, and how many of them."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from ..task import task
from .schema import PART, Unusable

NEWEST = 20
"""Records that stay in the folder when another one is made."""

SUFFIX = ".sqlite"


def default(home: Path, target: str) -> Path:
    """A name for the record of a run that starts now.

    Args:
        home: The folder `.gradproof`.
        target: The script or module that is run.
    """
    stem = re.sub(r"\W+", "-", Path(target).stem if target.endswith((".py", ".ipynb")) else target)
    when = time.strftime("%Y%m%d-%H%M%S")
    here = task()
    worker = f"-job{here.job}-{here.kind}{here.index}" if here else ""
    name = f"{when}-{stem.strip('-')[:40] or 'run'}{worker}-{os.getpid()}{SUFFIX}"
    return home / "runs" / name


def of_job(folder: Path, job: str) -> list[Path]:
    """The records of all workers of a job in a folder."""
    return [path for path in _by_age(folder) if _job(path) == job]


def _job(path: Path) -> str | None:
    found = re.search(r"-job([0-9a-f]{8})-[a-z_]+\d+-\d+\.sqlite$", path.name)
    return found[1] if found else None


def ready(path: Path) -> None:
    """Makes the folder of a record in `.gradproof`, and drops the oldest there.

    Raises:
        OSError: The folder can't be made.
    """
    home = path.parent.parent
    path.parent.mkdir(parents=True, exist_ok=True)
    ignore = home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by gradproof.\n*\n", encoding="utf-8")
    for left in path.parent.glob(f"*{PART}"):
        # Its run was killed while it made its record.
        if _time(left)[0] < time.time() - 3600:
            left.unlink(missing_ok=True)
    for old in _outdated(path):
        for part in (old, Path(f"{old}-wal"), Path(f"{old}-shm")):
            part.unlink(missing_ok=True)


def _outdated(new: Path) -> list[Path]:
    """All but the records of the newest runs; those of one job are one run."""
    runs: dict[str, None] = {_job(new) or new.name: None}
    found = []
    for path in _by_age(new.parent):
        run = _job(path) or path.name
        if len(runs) < NEWEST:
            runs[run] = None
        if run not in runs:
            found.append(path)
    return found


def replaced(path: Path) -> None:
    """Drops the earlier record in a file that the user named.

    Raises:
        OSError: It can't be dropped.
    """
    for part in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        part.unlink(missing_ok=True)


def find(named: str | None, home: Path) -> Path:
    """The record that is meant.

    Args:
        named: A file, a folder with records in it, or nothing for the newest.
        home: The folder `.gradproof`.

    Raises:
        Unusable: There is none.
    """
    folder = Path(named) if named is not None else home
    if named is not None and not folder.is_dir():
        return folder
    found = [
        path
        for place in (folder, folder / "runs", folder / ".gradproof" / "runs")
        for path in _by_age(place)
    ]
    if not found:
        raise Unusable(f"no run record in {folder}: `gradproof run` leaves one there")
    return max(found, key=_time)


def _by_age(folder: Path) -> list[Path]:
    """The records in a folder, the newest first."""
    return sorted(folder.glob(f"*{SUFFIX}"), key=_time, reverse=True)


def _time(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except OSError:
        return 0.0, path.name
