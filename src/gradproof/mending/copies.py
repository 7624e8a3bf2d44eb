"""Copies of a program's folder, in which it can be run without harm."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LEFT_OUT = {"__pycache__", "node_modules", "site-packages", ".git", ".hg", ".gradproof", ".venv"}
"""Folders that no program needs in order to run."""

MOST_FILES = 5_000
MOST_BYTES = 1_000_000_000


class TooLarge(Exception):
    """A folder is too large to be copied; the message is one sentence."""


def root_of(script: str) -> str:
    """The folder to copy: where we are, if the script lies in it, else its own."""
    here, folder = os.getcwd(), os.path.dirname(os.path.abspath(script))
    inside = folder == here or folder.startswith(here.rstrip(os.sep) + os.sep)
    return here if inside and _fits(here) else folder


@contextmanager
def copied(root: str) -> Iterator[str]:
    """A copy of a folder, gone afterwards.

    Raises:
        TooLarge: It holds too much.
    """
    if not _fits(root):
        raise TooLarge(
            f"{root}: too large to be copied for a proof (the limit is {MOST_FILES:,} files or "
            f"{MOST_BYTES:,} bytes); start in a smaller folder"
        )
    with tempfile.TemporaryDirectory(prefix="gradproof-") as folder:
        copy = os.path.join(folder, os.path.basename(root) or "program")
        shutil.copytree(
            root,
            copy,
            symlinks=False,
            ignore=lambda place, names: [name for name in names if _skipped(place, name)],
            ignore_dangling_symlinks=True,
        )
        _make_writable(copy)
        yield copy


def _make_writable(copy: str) -> None:
    """The copy is ours, whatever nobody may write in the original."""
    for place, _, names in os.walk(copy):
        os.chmod(place, os.stat(place).st_mode | stat.S_IRWXU)
        for name in names:
            path = os.path.join(place, name)
            os.chmod(path, os.stat(path).st_mode | stat.S_IRUSR | stat.S_IWUSR)


def put(copy: str, files: Mapping[str, bytes]) -> None:
    """Writes files into a copy, by their paths from its root."""
    for path, data in files.items():
        Path(copy, path).write_bytes(data)


def _skipped(place: str, name: str) -> bool:
    path = os.path.join(place, name)
    if os.path.isdir(path):
        return name in LEFT_OUT or os.path.exists(os.path.join(path, "pyvenv.cfg"))
    return not os.path.isfile(path)


def _fits(root: str) -> bool:
    files = size = 0
    for place, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not _skipped(place, name)]
        files += len(names)
        for name in names:
            try:
                size += os.path.getsize(os.path.join(place, name))
            except OSError:
                continue
        if files > MOST_FILES or size > MOST_BYTES:
            return False
    return True
