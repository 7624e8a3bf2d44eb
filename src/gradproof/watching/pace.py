"""When the numbers of a run are read and judged, and when the run is to end."""

from __future__ import annotations

import time

SECONDS = 2.0
"""Numbers wait this long to be read, at most, while the program makes steps."""


class Pace:
    """Says when to look, and ends the run.

    Args:
        every: Judge after every so many updates; by default after 1, 2, 3, 5,
            10, 20, 50, 100 and so on.
        limit: End the run after this many updates.

    Attributes:
        end: Why the run is to end, in a few words; `None` while it may go on.
    """

    def __init__(self, every: int | None = None, limit: int | None = None) -> None:
        self.every = every
        self.limit = limit
        self.end: str | None = None
        self._next = every or 1
        self._read = time.monotonic()

    @property
    def counting(self) -> bool:
        """The number of updates has to be known after every one."""
        return self.every is not None or self.limit is not None

    @property
    def late(self) -> bool:
        """Numbers have waited for long."""
        return time.monotonic() - self._read > SECONDS

    def read(self) -> None:
        """Notes that the numbers have been read."""
        self._read = time.monotonic()

    def near(self, updates: int) -> bool:
        """Says whether it is time to judge."""
        return updates >= self._next

    def due(self, updates: int) -> bool:
        """The same, and waits for the next time."""
        if not self.near(updates):
            return False
        while self._next <= updates:
            self._next = self._next + self.every if self.every else _following(self._next)
        return True

    def reached(self, updates: int) -> None:
        """Asks for the end if there were enough updates."""
        if self.limit is None or self.end is not None or updates < self.limit:
            return
        asked = f"`--steps {self.limit}`"
        if updates == self.limit:
            self.finish(f"ended after {_updates(updates)}, as {asked} asks")
        else:
            self.finish(
                f"ended after {_updates(updates)}: {asked} was reached inside a call that makes "
                "several, and a running graph can't be left"
            )

    def finish(self, why: str) -> None:
        """Asks for the end, for a reason in a few words; the first one counts."""
        if self.end is None:
            self.end = why

    def stop(self) -> None:
        """Ends the program where it stands, if that was asked for.

        To the program it is what `sys.exit()` in that place would be: `finally`
        blocks and `atexit` functions run, `except Exception` does not stop it,
        and a thread ends without a word. One that catches it all the same
        meets it again at its next step.

        Raises:
            SystemExit: It was asked for.
        """
        if self.end is not None:
            raise SystemExit


def _following(moment: int) -> int:
    """1, 2, 3, 5, 10, 20, 50, 100, ..."""
    if moment < 5:
        return {1: 2, 2: 3, 3: 5}.get(moment, 5)
    return moment * 5 // 2 if str(moment)[0] == "2" else moment * 2


def _updates(count: int) -> str:
    return "1 update" if count == 1 else f"{count:,} updates"
