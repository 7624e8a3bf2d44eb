"""Generators that a training loop runs over."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator that the program keeps under a name.

    Attributes:
        name: Of the variable that holds it.
        function: Name of the generator's function.
        spent: It has given its last item, or is gone.
    """

    name: str
    function: str
    spent: bool
