"""Watching a live program: it fills a `Run` and judges nothing.

Importing this package imports no framework; `Watcher.start` only waits for
the program to import one.
"""

from .aside import Aside
from .pace import Pace
from .watcher import Watcher

__all__ = ["Aside", "Pace", "Watcher"]
