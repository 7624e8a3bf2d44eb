"""Python values that traced functions hold on to."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place


@dataclass(frozen=True, slots=True)
class FrozenState:
    """A Python value that a traced function read once, and that changed since.

    Attributes:
        name: As the source says it: `"self.weight"`, `"EPOCH"`.
        function: Name of the user's function that reads it.
        place: Where that function is defined.
        traced_value: Value while it was traced.
        value: Value at the later call.
        call: Number of the call, from 1, at which the difference was seen.
        traces: How often the function was traced so far.
    """

    name: str
    function: str
    place: Place | None
    traced_value: str
    value: str
    call: int
    traces: int
