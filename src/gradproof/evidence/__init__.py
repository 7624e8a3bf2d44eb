"""The two records that faults read: what source says, what a run did."""

from .loop import Loop
from .run import Run

__all__ = ["Loop", "Run"]
