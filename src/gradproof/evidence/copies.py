"""Weights that were handed from one model to another, or to itself."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place


@dataclass(frozen=True, slots=True)
class Copy:
    """`set_weights` of a layer or model.

    Attributes:
        name: Of the layer or model.
        place: The user's line.
        times: How often it was called there.
        own: How often with the very values that it had, which the same line
            had read from the same object just before.
        variables: Keys of its variables, if the same line read the values
            from another object.
        source: Keys of the variables of that object.
    """

    name: str
    place: Place
    times: int
    own: int
    variables: tuple[int, ...] = ()
    source: tuple[int, ...] = ()
