"""Which files are meant: folders searched, with what custom leaves out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .files import Unreadable

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SKIPPED = frozenset(
    """
    __pycache__ __pypackages__ _build buck-out build dist dist-packages node_modules site-packages
    venv
    """.split()
)
"""Folders in which nobody keeps programs of their own; hidden ones too."""

LeavesOut = Callable[[str, bool], bool]
"""Says of an absolute path, and whether it is a folder, that it is not meant."""


def collect(
    paths: Iterable[str],
    leaves_out: LeavesOut = lambda path, is_folder: False,
    *,
    force: bool = False,
) -> dict[str, bool]:
    """The files meant by paths: files as they are, folders searched.

    A folder is searched for `.py` and `.ipynb` below it, without hidden
    folders, virtual environments, installed packages, and what `.gitignore`
    names. Links to folders are not followed.

    Args:
        paths: Files and folders.
        leaves_out: Asked about everything found in a folder.
        force: Ask it about the paths themselves, too.

    Returns:
        Every file once, in the order of `paths` and then of the alphabet, and
        whether it was named itself.

    Raises:
        Unreadable: There is no such file or folder.
    """
    found: dict[str, tuple[str, bool]] = {}
    for path in paths:
        whole = os.path.abspath(path)
        is_folder = os.path.isdir(path)
        if not is_folder and not os.path.lexists(path):
            raise Unreadable(f"{path}: no such file or folder")
        if force and is_left_out(whole, is_folder, leaves_out):
            continue
        if not is_folder:
            found[whole] = (found.get(whole, (path, False))[0], True)
            continue
        for one in _search(whole, leaves_out):
            shown = os.path.normpath(os.path.join(path, os.path.relpath(one, whole)))
            found.setdefault(one, (shown, False))
    return dict(found.values())


def is_left_out(path: str, is_folder: bool, leaves_out: LeavesOut) -> bool:
    """Says whether an absolute path, or a folder that it lies in, is left out."""
    if leaves_out(path, is_folder):
        return True
    above = os.path.dirname(path)
    return above != path and is_left_out(above, True, leaves_out)


def _search(folder: str, leaves_out: LeavesOut) -> Iterator[str]:
    """All programs below a folder; it may be a huge and odd one."""
    above = [one for one in _ignoring_above(folder) if not one.ignores(folder, True)]
    waiting = [(folder, above)]
    while waiting:
        place, ignoring = waiting.pop()
        ignoring = [*_ignoring_in(place), *ignoring]
        inner = []
        for entry in _entries(place):
            is_folder = _is_folder(entry)
            if not _is_custom(entry, is_folder):
                continue
            if _is_ignored(entry.path, is_folder, ignoring) or leaves_out(entry.path, is_folder):
                continue
            if is_folder:
                inner.append((entry.path, ignoring))
            else:
                yield entry.path
        waiting += reversed(inner)


def _entries(place: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        # A folder that may not be entered holds nothing for us.
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_custom(entry: os.DirEntry[str], is_folder: bool) -> bool:
    """Says whether programs are kept there, or it is one, by its name."""
    if not is_folder:
        # A link may lead to a folder, a pipe or nowhere.
        return entry.name.endswith((".py", ".ipynb")) and os.path.isfile(entry.path)
    return (
        not entry.name.startswith(".")
        and entry.name not in SKIPPED
        and not os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))
    )


class _Ignoring:
    """One `.gitignore`: its patterns count from the folder that it lies in."""

    def __init__(self, folder: str, spec: GitIgnoreSpec) -> None:
        self._folder = folder
        self._spec = spec

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Whether to leave a path out; `None` when no pattern speaks of it."""
        inside = path[len(self._folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        return self._spec.check_file(inside + "/" if is_folder else inside).include

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Says whether the path is to be left out."""
        return self.verdict(path, is_folder) is True


def _is_ignored(path: str, is_folder: bool, ignoring: Iterable[_Ignoring]) -> bool:
    """The innermost file that speaks of a path decides, as in git."""
    for one in ignoring:
        verdict = one.verdict(path, is_folder)
        if verdict is not None:
            return verdict
    return False


def _ignoring_above(folder: str) -> list[_Ignoring]:
    """Those between a folder and the root of its repository, innermost first."""
    found: list[_Ignoring] = []
    if os.path.exists(os.path.join(folder, ".git")):
        return found
    place = os.path.dirname(folder)
    while True:
        found += _ignoring_in(place)
        if os.path.exists(os.path.join(place, ".git")):
            return found
        if place == os.path.dirname(place):
            # No repository: what lies above is none of its business.
            return []
        place = os.path.dirname(place)


def _ignoring_in(folder: str) -> list[_Ignoring]:
    found = []
    for name in (".gitignore", os.path.join(".git", "info", "exclude")):
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                lines = [line for line in file.read().splitlines() if line and line[0] != "#"]
        except OSError:
            continue
        spec = patterns(lines)
        if spec is not None:
            found.append(_Ignoring(folder, spec))
    return found


def patterns(lines: Iterable[str]) -> GitIgnoreSpec | None:
    """Patterns as in a `.gitignore`, those that make no sense left out."""
    # Here, since importing it takes a fifth of the time of a small answer.
    from pathspec import GitIgnoreSpec

    def sensible(line: str) -> bool:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            return False
        return True

    lines = list(lines)
    if not lines:
        return None
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        return GitIgnoreSpec.from_lines(filter(sensible, lines))
