"""When functions were traced, and what told one trace from another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..finding import Place

OFTEN = 5
"""Traces of one function from which on it is traced again and again."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What one trace took an argument for.

    Attributes:
        name: Of the parameter; of an entry, `"data[0]"`.
        kind: `"number"`, `"tensor"` or `"object"`.
        text: The value of a number, type and shape of a tensor.
    """

    name: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Tracing:
    """A function was traced because eager code called it.

    Attributes:
        function: Name of the traced Python function.
        place: Where it is defined; `None` for a library's function.
        stack: The user's lines that called it, outermost first.
        number: Which function object of that definition, from 1.
        call: Number of the call of traced functions, from 1.
        arguments: What it was traced for.
        variables: Keys of the variables that it changes or reads.
        seconds: Time that the tracing took.
        made: The user's first line that made a traced function of it.
    """

    function: str
    place: Place | None
    stack: tuple[Place, ...]
    number: int
    call: int
    arguments: tuple[Argument, ...] = ()
    variables: frozenset[int] = frozenset()
    seconds: float = 0.0
    made: Place | None = None


@dataclass(frozen=True)
class Retraced:
    """One function that was traced again and again.

    Attributes:
        why: `"number"`, `"shape"`, `"object"` or `"defined"` (a new function
            object each time).
        tracings: Its traces, in order.
        argument: Name of the argument that differs.
        texts: What that argument was, trace by trace.
    """

    why: str
    tracings: tuple[Tracing, ...]
    argument: str = ""
    texts: tuple[str, ...] = ()

    @property
    def calls(self) -> int:
        """Calls of traced functions from the first to the last of them."""
        return self.tracings[-1].call - self.tracings[0].call + 1

    @property
    def seconds(self) -> float:
        """Time spent on tracing."""
        return sum(tracing.seconds for tracing in self.tracings)


def retraced(tracings: Sequence[Tracing]) -> Iterator[Retraced]:
    """The functions that were traced again and again, with the reason."""
    places: dict[object, list[Tracing]] = {}
    for tracing in tracings:
        places.setdefault(tracing.place or (tracing.function, tracing.stack), []).append(tracing)
    for group in places.values():
        objects: dict[int, list[Tracing]] = {}
        for tracing in group:
            objects.setdefault(tracing.number, []).append(tracing)
        most = max(objects.values(), key=len)
        if len(most) >= OFTEN:
            found = _by_argument(most)
            if found is not None:
                yield found
        elif len(objects) >= OFTEN:
            firsts = [traces[0] for traces in objects.values()]
            # A new function for a new model is as it should be.
            if frozenset.intersection(*(one.variables for one in firsts)):
                yield Retraced("defined", tuple(group))


def _by_argument(traces: list[Tracing]) -> Retraced | None:
    """The argument with most values, if they account for the traces."""
    values: dict[str, dict[str, None]] = {}
    kinds: dict[str, str] = {}
    for tracing in traces:
        for argument in tracing.arguments:
            values.setdefault(argument.name, {})[argument.text] = None
            kinds[argument.name] = argument.kind
    if not values:
        return None
    # Of two that change together the Python number is the one to replace.
    name = max(values, key=lambda name: (len(values[name]), kinds[name] == "number"))
    if len(values[name]) < OFTEN:
        return None
    why = {"number": "number", "tensor": "shape"}.get(kinds[name], "object")
    found = Retraced(why, tuple(traces), name, tuple(values[name]))
    # A few lengths, met again and again, are traced once each: that pays.
    return found if why == "number" or found.calls <= 4 * len(traces) else None
