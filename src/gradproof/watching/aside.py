"""What a run that is compared with another one is given, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Aside:
    """Beside the record: where variables start, and where they go.

    Attributes:
        left: File for what is left: the values at the start, and marks of all
            values after each update (see `watching.tensorflow.marks`).
        given: File with values to start from, by key of the variable.
        nudge: Move the start by a few spacings of floats, in the direction of
            this number; `None` leaves it where it is.
    """

    left: str
    given: str | None = None
    nudge: int | None = None
