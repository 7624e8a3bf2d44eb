"""Lists that grow with the steps and keep tensors or tapes alive."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place


@dataclass(frozen=True, slots=True)
class Hoard:
    """A list that had more entries at a later look than at an earlier one.

    Attributes:
        name: As the program calls it: `"outputs"`, `"self.outputs"`.
        place: The user's line that adds to it, else one that makes steps.
        kind: `"tensor"` or `"tape"`: what its entries are, or hold.
        entries: At the later look.
        size: Bytes that the tensors in it take, at the later look.
        steps: Steps and calls until the later look.
        grown: Entries more than at the earlier look.
        over: Steps and calls between the two looks.
    """

    name: str
    place: Place | None
    kind: str
    entries: int
    size: int
    steps: int
    grown: int
    over: int
