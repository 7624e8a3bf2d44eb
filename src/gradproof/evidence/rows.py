"""The numbers of many steps at once, as they are kept: bytes, no objects."""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = ("gradient_norm", "value_norm", "change_norm", "along", "part_norm")
"""What may be known of each variable at each step; see `Update`."""

NO_GRADIENT = -1.0
"""Stands for the norm of a gradient that was `None`; norms are never negative."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One passage through one apply call.

    Attributes:
        index: Number of the update at this place, from 1.
        numbers: float32, little-endian: for each variable its columns.
        loss: As in `Step`.
        learning_rate: As in `Step`.
        iterations: As in `Step`.
    """

    index: int
    numbers: bytes
    loss: float | None = None
    learning_rate: float | None = None
    iterations: int | None = None


@dataclass(frozen=True, slots=True)
class StepRows:
    """New steps of one apply call, in order.

    Attributes:
        apply: Key of the `Apply`.
        variables: Keys, in the order of the numbers.
        columns: Some of `COLUMNS`: what each variable has in `numbers`.
        rows: The steps.
    """

    apply: int
    variables: tuple[int, ...]
    columns: tuple[str, ...]
    rows: tuple[StepRow, ...]
