"""Comments that allow a fault where it is meant: `# gradproof: allow[name] why`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from .files import SourceText

if TYPE_CHECKING:
    from .fault import Diagnosis, Fault

_COMMENT = re.compile(r"#\s*gradproof\s*:\s*(?P<words>[^#]*)", re.IGNORECASE)
_ALLOW = re.compile(r"allow\s*\[(?P<names>[^\]]*)\]", re.IGNORECASE)

_NO_STATEMENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Allowance:
    """One comment that allows faults at one statement.

    Attributes:
        path: As it is shown.
        cell: Of a notebook.
        line: Of the comment, within its cell.
        names: As they are written; empty when the comment makes no sense.
        lines: First and last line of the statement, within the cell.
    """

    path: str
    cell: int | None
    line: int
    names: tuple[str, ...]
    lines: tuple[int, int]

    @property
    def where(self) -> str:
        """Its place in words."""
        cell = f":cell {self.cell}" if self.cell else ""
        return f"{self.path}{cell}:{self.line}"

    def names_fault(self, fault: Fault) -> str | None:
        """The name by which it allows a fault, if it does."""
        for name in self.names:
            if name.lower() in (fault.name, fault.code.lower()):
                return name
        return None

    def covers(self, diagnosis: Diagnosis) -> bool:
        """Says whether a diagnosis stands at its statement."""
        place = diagnosis.place
        return (
            place is not None
            and (place.path, place.cell) == (self.path, self.cell)
            and self.lines[0] <= place.line <= self.lines[1]
        )


def allowances(text: SourceText) -> list[Allowance]:
    """All comments in a file that allow something, or try to."""
    # Most that name gradproof only speak of it, and need not be taken apart.
    if "gradproof" not in text.text or not _COMMENT.search(text.text):
        return []
    if not text.cells:
        return list(_allowances(text.text, text.path, None))
    cells = dict.fromkeys(cell for cell, _ in text.cells)
    return [
        one for cell in cells for one in _allowances("\n".join(text.lines(cell)), text.path, cell)
    ]


def _allowances(text: str, path: str, cell: int | None) -> Iterator[Allowance]:
    pending: list[tuple[int, tuple[str, ...]]] = []
    for first, last, decorates, comments in _statements(text):
        pending += comments
        if first is None or last is None:
            continue
        for line, names in pending:
            yield Allowance(path, cell, line, names, (first, last))
        # What allows a decorator allows what it decorates, too.
        pending = [one for one in pending if decorates]
    for line, names in pending:
        yield Allowance(path, cell, line, names, (line, line))


Comments = list[tuple[int, tuple[str, ...]]]


def _statements(text: str) -> Iterator[tuple[int | None, int | None, bool, Comments]]:
    """Each logical line: first and last line, decorator?, its comments.

    Comments on lines of their own come without a statement.
    """
    first: int | None = None
    decorates = False
    comments: Comments = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                names = _names(token.string)
                if names is not None:
                    comments.append((token.start[0], names))
            elif token.type == tokenize.NEWLINE:
                yield first, token.start[0], decorates, comments
                first, comments = None, []
            elif token.type not in _NO_STATEMENT and first is None:
                first = token.start[0]
                decorates = token.string == "@"
            if first is None and comments and token.type == tokenize.NL:
                yield None, None, False, comments
                comments = []
    except (tokenize.TokenError, SyntaxError):
        # The rest is no Python; nothing will be found in it, either.
        pass
    if comments:
        yield None, None, False, comments


def _names(comment: str) -> tuple[str, ...] | None:
    """What a comment allows; `None` if it does not speak to us."""
    match = _COMMENT.search(comment)
    if match is None:
        return None
    words = match["words"].strip()
    allow = _ALLOW.match(words)
    if allow is None:
        # Prose such as "# gradproof: see the issue" is not for us.
        return () if words.lower().startswith("allow") else None
    return tuple(name.strip() for name in allow["names"].split(",") if name.strip())


class Sifted(NamedTuple):
    """Diagnoses with the allowed ones taken out.

    Attributes:
        diagnoses: Those that stay.
        allowed: Number of diagnoses that a comment took out.
        used: The comments that did, each with the name by which it did.
    """

    diagnoses: tuple[Diagnosis, ...]
    allowed: int
    used: frozenset[tuple[Allowance, str]]


def sift(diagnoses: Iterable[Diagnosis], comments: Sequence[Allowance]) -> Sifted:
    """Takes out what comments allow; what only follows from it goes along."""
    kept: list[Diagnosis] = []
    allowed = 0
    used: set[tuple[Allowance, str]] = set()
    for diagnosis in diagnoses:
        at_once = set(_allowing(diagnosis, comments))
        inner = sift(diagnosis.consequences, comments)
        used |= at_once | inner.used
        if at_once:
            allowed += 1
        elif inner.used:
            kept.append(replace(diagnosis, consequences=inner.diagnoses))
        else:
            kept.append(diagnosis)
    return Sifted(tuple(kept), allowed, frozenset(used))


def _allowing(
    diagnosis: Diagnosis, comments: Sequence[Allowance]
) -> Iterator[tuple[Allowance, str]]:
    for comment in comments:
        name = comment.names_fault(diagnosis.fault)
        if name is not None and comment.covers(diagnosis):
            yield comment, name


def remarks(
    comments: Sequence[Allowance],
    used: frozenset[tuple[Allowance, str]],
    faults: Sequence[Fault],
    looked_for: Iterable[Fault],
) -> Iterator[str]:
    """What to say about comments that do nothing.

    Args:
        comments: All of the files that were read.
        used: Those that took something out, with the name by which they did.
        faults: All faults that there are.
        looked_for: Those that reading looked for.
    """
    from difflib import get_close_matches

    known = {word: fault for fault in faults for word in (fault.name, fault.code.lower())}
    looked = {fault.code for fault in looked_for if fault.find}
    done = set(used)
    for comment in dict.fromkeys(comments):
        if not comment.names:
            yield (
                f"{comment.where}: the comment allows nothing; write "
                "`# gradproof: allow[fault-name] reason`"
            )
        for name in comment.names:
            fault = known.get(name.lower())
            if fault is None:
                near = get_close_matches(name.lower(), known, n=1)
                hint = f"; did you mean `{known[near[0]].name}`?" if near else ""
                yield f"{comment.where}: `allow[{name}]`: no fault is called so{hint}"
            elif fault.code in looked and (comment, name) not in done:
                else_seen = " by reading; a run may find it" if fault.prove else ""
                yield f"{comment.where}: `allow[{name}]` is not needed: nothing is found{else_seen}"
