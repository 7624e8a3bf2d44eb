"""Shows the page of a run on this machine while the run goes on.

The server is a process of its own, with low priority, that only reads the run
record: the program that is watched neither waits for it nor sees it among its
children. It ends with the run.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

START = """\
import json, sys
order = json.load(sys.stdin)
sys.path[:] = order.pop("modules")
from gradproof.showing import serve
serve(**order)
"""

PATIENCE = 30.0
"""Seconds in which the server has to begin."""

FAREWELL = 4.0
"""Seconds in which open pages may fetch the last state when the run has ended."""


class NotServed(Exception):
    """There is no page to look at; the message says why."""


class Served:
    """The server of one run.

    Args:
        record: The run record; it need not be there yet.
        port: To listen at; 0 for any that is free.

    Attributes:
        address: What to open in a browser.

    Raises:
        NotServed: It could not begin.
    """

    def __init__(self, record: Path, port: int = 0) -> None:
        token = secrets.token_urlsafe(16)
        order = {
            "modules": sys.path,
            "record": str(record),
            "port": port,
            "token": token,
            "run": os.getpid(),
        }
        answer = _begun(order)
        self._server = int(answer["process"])
        self.address = f"http://127.0.0.1:{answer['port']}/{token}/"

    def end(self) -> None:
        """Ends the server once open pages have the last state."""
        until = time.monotonic() + FAREWELL
        with suppress(OSError):
            os.kill(self._server, signal.SIGTERM)
            while time.monotonic() < until:
                time.sleep(0.02)
                os.kill(self._server, 0)
            os.kill(self._server, getattr(signal, "SIGKILL", signal.SIGTERM))


def _begun(order: dict[str, object]) -> dict[str, int]:
    """Starts the server; gives its port and the number of its process."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for the program; the server ends when the run has ended.
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(json.dumps(order).encode(), PATIENCE)
        answer: dict[str, int] = json.loads(said)
    except (subprocess.TimeoutExpired, OSError, ValueError):
        process.kill()
        process.wait()
        raise NotServed("the page can't be served: its server did not begin") from None
    if "problem" in answer:
        raise NotServed(f"the page can't be served: {answer['problem']}")
    return answer
