"""Makes the page of a run in a process of its own, or shows it while the run goes on.

The program that is watched may have modules called `html` or `jinja2`, so what
makes pages is not imported beside it. The server only reads the run record:
the program neither waits for it nor sees it among its children.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from . import detached

MAKING = 300.0
"""Seconds that the making of a page may take."""

FAREWELL = 4.0
"""Seconds in which open pages may fetch the last state when the run has ended."""


class NotShown(Exception):
    """There is no page to look at; the message says why."""


def make_page(record: Path, html: str) -> None:
    """Writes the page of a record into a file.

    Raises:
        NotShown: It could not be made or written.
    """
    asked, told = detached.command("showing", "write_page", record=str(record), html=html)
    try:
        done = subprocess.run(
            asked,
            input=told,
            capture_output=True,
            timeout=MAKING,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as problem:
        raise NotShown(f"{html}: can't be made ({type(problem).__name__})") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NotShown(f"{html}: can't be made ({said[-1] if said else done.returncode})")


class Served:
    """The server of one run.

    Args:
        record: The run record; it need not be there yet.
        port: To listen at; 0 for any that is free.

    Attributes:
        address: What to open in a browser.

    Raises:
        NotShown: It could not begin.
    """

    def __init__(self, record: Path, port: int = 0) -> None:
        token = secrets.token_urlsafe(16)
        order = {"record": str(record), "port": port, "token": token, "run": os.getpid()}
        try:
            answer = detached.begin("showing", "serve", **order)
        except detached.NotBegun as problem:
            raise NotShown(f"the page can't be served: {problem}") from None
        self._server, self._port = answer["process"], answer["port"]
        self.address = f"http://127.0.0.1:{answer['port']}/{token}/"

    def end(self) -> None:
        """Ends the server once open pages have the last state."""
        until = time.monotonic() + FAREWELL
        with suppress(OSError):
            os.kill(self._server, signal.SIGTERM)
            while self._answers():
                if time.monotonic() > until:
                    os.kill(self._server, getattr(signal, "SIGKILL", signal.SIGTERM))
                    return
                time.sleep(0.02)

    def _answers(self) -> bool:
        # Its number may stay for a while, when nobody asks how it ended.
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self._port)) == 0
