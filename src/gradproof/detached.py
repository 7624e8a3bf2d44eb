"""Processes beside a run that are nobody's children and read its record only.

The program that is watched may have modules of any name, so what looks at its
record is not imported beside it; it neither waits for such a process nor sees
it among its children.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

START = """\
import importlib, json, sys
order = json.load(sys.stdin)
sys.path += [path for path in order.pop("modules") if path not in sys.path]
module = importlib.import_module("gradproof." + order.pop("module"))
getattr(module, order.pop("work"))(**order)
"""
"""Our own modules first, then those of the environment; the program's own come last."""

PATIENCE = 30.0
"""Seconds in which it has to begin."""


class NotBegun(Exception):
    """The process did not begin; the message says why."""


def command(module: str, work: str, **order: object) -> tuple[list[str], bytes]:
    """How to call a function of ours in a process of its own, and what it reads from stdin.

    Args:
        module: Its module, below `gradproof`.
        work: Its name.
        order: Its arguments.
    """
    told = {"module": module, "work": work, "modules": sys.path, **order}
    return [sys.executable, "-I", "-c", START], json.dumps(told).encode()


def begin(module: str, work: str, **order: object) -> dict[str, Any]:
    """Starts a process that goes on beside the run.

    Returns:
        What it says of itself, once it can do its work: `process` is its number.

    Raises:
        NotBegun: It could not begin.
    """
    asked, told = command(module, work, **order)
    process = subprocess.Popen(
        asked,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for the program; this ends when the run has ended.
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(told, PATIENCE)
        answer: dict[str, Any] = json.loads(said)
    except (subprocess.TimeoutExpired, OSError, ValueError):
        process.kill()
        process.wait()
        raise NotBegun("its process did not begin") from None
    if "problem" in answer:
        raise NotBegun(str(answer["problem"]))
    return answer


def refuse(problem: str) -> None:
    """Says in the new process why it can't do its work."""
    print(json.dumps({"problem": problem}))


def leave() -> None:
    """Makes this process nobody's child, so that the program has no more than its own."""
    if hasattr(os, "fork"):
        if os.fork():
            os._exit(0)
        with suppress(OSError):
            os.nice(10)


def begun(**about: object) -> None:
    """Says that the work can be done, and closes what whoever started this is waiting for."""
    print(json.dumps({**about, "process": os.getpid()}), flush=True)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def is_there(process: int) -> bool:
    """Says whether a process is still there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def end(process: int) -> None:
    """Asks such a process to end."""
    with suppress(OSError):
        os.kill(process, signal.SIGTERM)
