"""What the source of one file says about its training loops: facts only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Loop:
    """The reading of one file."""

    path: str
