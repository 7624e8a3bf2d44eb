"""Names that the program's own code gives to variables that have none."""

from __future__ import annotations

import dis
import re
from collections.abc import Iterable
from types import CodeType, FrameType

from .stores import stored

_GIVEN_BY_LIBRARY = re.compile(r"(Variable|variable(_\d+)?)(:0)?$")
_ADDING = frozenset({"append", "add", "insert", "setdefault"})
_GATHERING = frozenset({"LIST_APPEND", "SET_ADD", "MAP_ADD"})
_ENDING = ("RETURN", "RAISE", "POP_JUMP", "YIELD", "IMPORT")


def is_nameless(path: str) -> bool:
    """Says whether nobody named a variable: it is called as all of them are."""
    return _GIVEN_BY_LIBRARY.match(path) is not None


class OwnNames:
    """The names to which running code is about to bind what it makes."""

    def __init__(self) -> None:
        self._names: dict[tuple[CodeType, int], tuple[str, ...]] = {}
        self._returned: dict[tuple[CodeType, int], bool] = {}
        self._made: dict[tuple[CodeType, tuple[str, ...]], int] = {}

    def name(self, frame: FrameType) -> str | None:
        """The name of the variable that the frame is making, if a statement gives it one.

        A statement that makes several gives them their names in turn; what a function
        makes and gives back has its name where the same file calls the function.
        """
        path = frame.f_code.co_filename
        while (outer := frame.f_back) is not None and outer.f_code.co_filename == path:
            if not self._gives_back(frame.f_code, frame.f_lasti):
                break
            frame = outer
        key = frame.f_code, frame.f_lasti
        if key not in self._names:
            self._names[key] = tuple(_bound(list(dis.get_instructions(key[0])), key[1]))
        names = self._names[key]
        if not names:
            return None
        turn = self._made[key[0], names] = self._made.get((key[0], names), -1) + 1
        return names[turn % len(names)]

    def _gives_back(self, code: CodeType, at: int) -> bool:
        """Says whether a function returns what the call at this place gives."""
        if code.co_name.endswith("comp>"):
            return True
        if (code, at) not in self._returned:
            after = (one.opname for one in dis.get_instructions(code) if one.offset > at)
            self._returned[code, at] = next(after, "") == "RETURN_VALUE"
        return self._returned[code, at]


def _bound(steps: list[dis.Instruction], now: int) -> list[str]:
    """The names that take what the running call gives, in order."""
    # The place may be within the caches of the call, which are no steps.
    at = sum(one.offset <= now for one in steps) - 1
    # From Python 3.12 on comprehensions stand in the function itself, and put back at
    # their end what their names held before.
    kept = {one.argval for one in steps[:at] if one.opname == "LOAD_FAST_AND_CLEAR"}
    found: list[str] = []
    passed: set[str] = set()
    for number in range(at + 1, len(steps)):
        step = steps[number]
        passed.add(step.opname.split("_")[0] if step.opname not in _GATHERING else "gathered")
        if found and _begins_anew(step, steps[number - 1]):
            break
        if step.opname.startswith("STORE_"):
            names = _stored(step, steps[number - 1])
            found += [one for one in names if "gathered" not in passed or one not in kept]
        elif found and not step.opname.startswith(("LOAD_", "CACHE", "SWAP", "UNPACK")):
            break
        elif step.opname == "POP_TOP" and steps[number - 1].opname != "END_FOR":
            return _added_to(steps[:at])
        elif step.opname.startswith(_ENDING):
            break
        following = steps[number + 1] if number + 1 < len(steps) else None
        if found and (following is None or following.starts_line):
            break
    if passed & {"COPY", "DUP"} or ("gathered" in passed and "UNPACK" not in passed):
        return found[:1]
    # What was made last lies on top, unless the order was turned.
    return found if passed & {"SWAP", "ROT", "UNPACK"} else found[::-1]


def _begins_anew(step: dis.Instruction, before: dis.Instruction) -> bool:
    """Stores what was loaded just before: another statement of the same line."""
    loaded = before.opname.startswith("LOAD_") and before.opname != "LOAD_ATTR"
    return loaded and step.opname in ("STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF")


def _stored(step: dis.Instruction, before: dis.Instruction) -> Iterable[str]:
    if step.opname == "STORE_SUBSCR":
        return [before.argval] if isinstance(before.argval, str) else []
    return stored(step)


def _added_to(steps: list[dis.Instruction]) -> list[str]:
    """The list to whose `append` the result goes."""
    for number in range(len(steps) - 1, 0, -1):
        if steps[number].opname.startswith("LOAD_") and steps[number].argval in _ADDING:
            name = steps[number - 1].argval
            return [name] if isinstance(name, str) else []
        if steps[number].opname.startswith(("STORE_", "POP_TOP")):
            break
    return []
