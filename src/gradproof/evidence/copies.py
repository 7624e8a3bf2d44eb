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
    """

    name: str
    place: Place
    times: int
    own: int
