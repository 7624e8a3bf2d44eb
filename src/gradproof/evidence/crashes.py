"""What the exception that ended a program tells about where it happened."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..finding import Place
from .constants import same_line
from .run import Run


def ended_well(run: Run) -> bool:
    """The program trained and came to its end: what raises was not met."""
    return run.finished and run.crash is None and run.counted > 0


def line_inside(run: Run, place: Place) -> Place | None:
    """The last line that ran in what a line called, if operations were recorded there."""
    for recording in reversed(run.recordings):
        for operation in reversed(recording.operations):
            for here, inner in zip(operation.stack, operation.stack[1:], strict=False):
                if same_line(here, place):
                    return inner
    return None


SYMBOLIC = re.compile(
    r"\b(?:Symbolic)?Tensor'? object has no attribute '(?:numpy|_numpy|item|tolist)'"
    r"|Cannot convert a symbolic"
    r"|not '?SymbolicTensor"
    r"|passed to SymbolicTensor\.__format__"
    r"|'SymbolicTensor' object cannot be interpreted"
    r"|numpy\(\) is only available when eager execution is enabled"
)
"""A tensor of a traced function was asked for its value."""

OF_KERAS = re.compile(r"keras\b.*, in __repr__$", re.MULTILINE)
"""There Keras up to 3.9 asks a variable for one, to write what else was wrong."""


REFUSALS = (
    "singleton tf.Variable",
    "create variables on non-first call",
    "creating variables on a non-first call",
    "variables on the first call",
)
"""A traced function made variables where it may not."""


LEAKED = (
    "is out of scope and cannot be used here",
    "cannot be accessed from here, because it was defined in",
    "An op outside of the function building code is being passed",
    "must be from the same graph as",
)
"""A tensor of a traced function was used outside of it."""


@dataclass(frozen=True)
class Leak:
    """A symbol that outlived its trace.

    Attributes:
        name: As the message has it, such as `"Mean:0"`; empty if it has none.
        origin: Where the tensor was made, if the message tells.
        used: Where it was used.
    """

    name: str
    origin: Place | None
    used: Place


def leak(run: Run) -> Leak | None:
    """The symbol whose use outside of its trace ended the program."""
    crash = run.crash
    if crash is None or not crash.places:
        return None
    named = any(words in crash.message for words in LEAKED)
    if not named and (not asks_for_value(run) or in_trace(run)):
        return None
    made = told_lines(crash.message, crash.places) if named else ()
    passed = [place for place in crash.places if place not in made]
    name = re.search(r"<tf\.Tensor '([^']+)'", crash.message) if named else None
    return Leak(
        name.group(1) if name is not None else "",
        made[-1] if made else None,
        passed[-1] if passed else crash.places[-1],
    )


def asks_for_value(run: Run) -> bool:
    """The program ended because a tensor in a traced function has no value."""
    message = run.crash.message if run.crash is not None else ""
    return SYMBOLIC.search(message) is not None and OF_KERAS.search(message) is None


def in_trace(run: Run) -> bool:
    """The program ended while a function was being traced, as far as known.

    The operations of a traced function share the lines that led to its call;
    so does an exception from within it.
    """
    if run.crash is None:
        return False
    crossed = False
    for recording in run.recordings:
        stacks = [operation.stack for operation in recording.operations if operation.stack]
        if recording.function is None or not stacks:
            continue
        crossed = True
        shared = _shared(stacks)
        if shared and _runs_through(shared, run.crash.places):
            return True
    return not crossed or run.counted == 0


def _shared(stacks: list[tuple[Place, ...]]) -> tuple[Place, ...]:
    """The lines with which all stacks begin, but not a whole stack alone."""
    shortest = min(stacks, key=len)
    count = 0
    for position, place in enumerate(shortest):
        if any(stack[position] != place for stack in stacks):
            break
        count = position + 1
    if count == len(shortest) and all(len(stack) == count for stack in stacks):
        count = max(1, count - 1)
    return shortest[:count]


def _runs_through(lines: tuple[Place, ...], others: tuple[Place, ...]) -> bool:
    """The lines stand among the others, in this order; files by their names."""
    left = [(file_name(place), place.line) for place in others]
    for place in lines:
        wanted = (file_name(place), place.line)
        if wanted not in left:
            return False
        left = left[left.index(wanted) + 1 :]
    return True


def file_name(place: Place) -> str:
    """The name of a place's file without its folder: exceptions have it in full, or not."""
    return place.path.replace("\\", "/").rsplit("/", 1)[-1]


def told_lines(message: str, places: tuple[Place, ...]) -> tuple[Place, ...]:
    """Those of the places that a message names with file and line."""
    return tuple(place for place in places if f'{file_name(place)}", line {place.line},' in message)
