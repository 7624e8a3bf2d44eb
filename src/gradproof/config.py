"""What `[tool.gradproof]` of a `pyproject.toml` asks for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from .collecting import patterns
from .files import Unreadable, shown_path
from .generation import (
    BOTH,
    GENERATIONS,
    installed_generation,
    legacy_asked,
    pinned_generation,
)

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

    from .fault import Fault


class Unknown(Exception):
    """No fault has the name or code that is the message."""


def named(words: Iterable[str], faults: Iterable[Fault]) -> frozenset[str]:
    """Codes of the faults that names, codes and beginnings of codes mean.

    Args:
        words: For example `mispaired-gradients`, `GP403`, `GP4`; several may
            stand in one word with commas between.
        faults: Those to choose from.

    Raises:
        Unknown: No fault is called so.
    """
    faults = tuple(faults)
    codes: set[str] = set()
    for word in (part.strip() for text in words for part in text.split(",")):
        found = {
            fault.code
            for fault in faults
            if word.lower() == fault.name
            or (word.upper().startswith("GP") and fault.code.startswith(word.upper()))
        }
        if not found:
            raise Unknown(word)
        codes |= found
    return frozenset(codes)


@dataclass(frozen=True)
class Settings:
    """One `[tool.gradproof]`; the empty one where there is none.

    Attributes:
        path: The `pyproject.toml`; its folder is where patterns count from.
        select: Codes of the faults to look for; `None` for all.
        ignore: Codes of those left out.
        exclude: Patterns of paths that are not searched.
        per_file_ignores: Patterns of paths, each with codes left out there.
        keras: One of `GENERATIONS`.
        baseline: Path of the baseline, absolute.
    """

    path: str = ""
    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, frozenset[str]], ...] = ()
    keras: str | None = None
    baseline: str | None = None

    @cached_property
    def _excluding(self) -> GitIgnoreSpec | None:
        return patterns(self.exclude)

    @cached_property
    def _per_file(self) -> list[tuple[GitIgnoreSpec | None, frozenset[str]]]:
        return [(patterns([pattern]), codes) for pattern, codes in self.per_file_ignores]

    def excludes(self, path: str, is_folder: bool) -> bool:
        """Says whether `exclude` names an absolute path."""
        return _matches(self._excluding, self._inside(path, is_folder))

    def ignored_in(self, path: str) -> frozenset[str]:
        """Codes that `per-file-ignores` leaves out in a file."""
        codes: frozenset[str] = frozenset()
        for spec, here in self._per_file:
            if _matches(spec, self._inside(path, False)):
                codes |= here
        return codes

    def _inside(self, path: str, is_folder: bool) -> str:
        inside = os.path.relpath(path, os.path.dirname(self.path)) if self.path else path
        return inside.replace(os.sep, "/") + ("/" if is_folder else "")


def _matches(spec: GitIgnoreSpec | None, inside: str) -> bool:
    return spec is not None and not inside.startswith("../") and spec.match_file(inside)


class Choice(NamedTuple):
    """What was chosen on the command line; it wins over every file.

    Attributes:
        select: Codes; `None` if the option was not given.
        ignore: Codes.
        exclude: Patterns, relative to the working directory.
        keras: One of `GENERATIONS`.
        isolated: No file of the project counts, not even its requirements.
    """

    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    exclude: tuple[str, ...] = ()
    keras: str | None = None
    isolated: bool = False


class Configuration:
    """What holds for each file: the command line, then the nearest settings.

    The nearest `pyproject.toml` above a file that has a `[tool.gradproof]`
    holds for it alone; it inherits nothing from others further up.
    """

    def __init__(self, choice: Choice | None = None) -> None:
        self.choice = choice or Choice()
        self._by_folder: dict[str, Settings] = {}
        self._pins: dict[str, str | None] = {}

    def at(self, folder: str) -> Settings:
        """The settings that hold in a folder, given absolute.

        Raises:
            Unreadable: They make no sense; the message is one sentence.
        """
        if self.choice.isolated:
            return Settings()
        if folder not in self._by_folder:
            found = _settings_in(folder)
            above = os.path.dirname(folder)
            if found is None:
                found = Settings() if above == folder else self.at(above)
            self._by_folder[folder] = found
        return self._by_folder[folder]

    def codes_left_out(self, path: str) -> frozenset[str]:
        """Codes of faults not looked for in a file, given absolute.

        Raises:
            Unreadable: Its settings make no sense.
        """
        folder = os.path.dirname(path)
        return self.codes_left_out_in(folder) | self.at(folder).ignored_in(path)

    def codes_left_out_in(self, folder: str) -> frozenset[str]:
        """Codes of faults not looked for in any file of a folder.

        Raises:
            Unreadable: Its settings make no sense.
        """
        settings = self.at(folder)
        left_out = self.choice.ignore
        if self.choice.select is None:
            left_out |= settings.ignore
        select = self.choice.select if self.choice.select is not None else settings.select
        if select is not None:
            left_out |= _all_codes() - select
        return left_out

    def leaves_out(self, path: str, is_folder: bool) -> bool:
        """Says whether an absolute path is not to be searched.

        Raises:
            Unreadable: Its settings make no sense.
        """
        if self.choice.exclude:
            return self._chosen.excludes(path, is_folder)
        return self.at(os.path.dirname(path)).excludes(path, is_folder)

    def keras(self, path: str) -> str | None:
        """The Keras generation that a file is for, if anything beside the file tells.

        What is asked for decides, then what its project pins, then what is installed
        here, which the program would meet if it were run.

        Raises:
            Unreadable: Its settings make no sense.
        """
        folder = os.path.dirname(path)
        asked = self.choice.keras or self.at(folder).keras
        if asked == BOTH:
            return None
        if asked or self.choice.isolated:
            return asked
        return pinned_generation(folder, self._pins) or self._installed

    @cached_property
    def _installed(self) -> str | None:
        # Under TF_USE_LEGACY_KERAS each file's own imports tell which Keras it meets.
        return None if legacy_asked() else installed_generation()

    @cached_property
    def _chosen(self) -> Settings:
        here = os.path.join(os.getcwd(), "pyproject.toml")
        return Settings(here, exclude=self.choice.exclude)


def _all_codes() -> frozenset[str]:
    from .faults import FAULTS

    return frozenset(fault.code for fault in FAULTS)


def _settings_in(folder: str) -> Settings | None:
    """The settings of a folder's own `pyproject.toml`, if it has some."""
    path = os.path.join(folder, "pyproject.toml")
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    if b"gradproof" not in data:
        # Not even parsed: a mistake elsewhere in it is not our business.
        return None
    table = _table(data, path)
    return None if table is None else _settings(table, path)


def _table(data: bytes, path: str) -> Mapping[str, object] | None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        whole = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as problem:
        reason = "too deep" if isinstance(problem, RecursionError) else problem
        raise Unreadable(f"{_shown(path)}: not valid TOML ({reason})") from None
    tools = whole.get("tool")
    table = tools.get("gradproof") if isinstance(tools, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise Unreadable(f"{_shown(path)}: `tool.gradproof` must be a table, got {table!r}")
    return table


KEYS = ("select", "ignore", "exclude", "per-file-ignores", "keras", "baseline")


def _settings(table: Mapping[str, object], path: str) -> Settings:
    for key in table:
        if key not in KEYS:
            from difflib import get_close_matches

            near = get_close_matches(key, KEYS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"it knows {', '.join(KEYS)}"
            raise Unreadable(f"{_shown(path)}: [tool.gradproof] has no key `{key}`; {hint}")
    keras = table.get("keras")
    if keras is not None and (isinstance(keras, bool) or str(keras) not in GENERATIONS):
        raise _wrong(path, "keras", '"2", "3" or "both"', keras)
    baseline = table.get("baseline")
    if baseline is not None and not isinstance(baseline, str):
        raise _wrong(path, "baseline", "the path of a file", baseline)
    per_file = table.get("per-file-ignores", {})
    if not isinstance(per_file, dict):
        raise _wrong(path, "per-file-ignores", "a table of patterns", per_file)
    return Settings(
        path,
        _codes(table["select"], "select", path) if "select" in table else None,
        _codes(table.get("ignore", []), "ignore", path),
        tuple(_strings(table.get("exclude", []), "exclude", path, "patterns")),
        tuple(
            (pattern, _codes(words, f"per-file-ignores.{pattern!r}", path))
            for pattern, words in per_file.items()
        ),
        None if keras is None else str(keras),
        baseline and os.path.join(os.path.dirname(path), baseline),
    )


def _codes(words: object, key: str, path: str) -> frozenset[str]:
    listed = _strings(words, key, path, "names or codes of faults")
    if not listed:
        return frozenset()
    from .faults import FAULTS

    try:
        return named(listed, FAULTS)
    except Unknown as problem:
        raise Unreadable(
            f"{_shown(path)}: [tool.gradproof] `{key}`: no fault is called '{problem}'"
        ) from None


def _strings(words: object, key: str, path: str, what: str) -> Sequence[str]:
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise _wrong(path, key, f"a list of {what}", words)
    return words


def _wrong(path: str, key: str, expected: str, got: object) -> Unreadable:
    return Unreadable(f"{_shown(path)}: [tool.gradproof] `{key}` must be {expected}, got {got!r}")


def _shown(path: str) -> str:
    return shown_path(path, os.getcwd())
