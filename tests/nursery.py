"""Runs many programs under gradproof with one import of TensorFlow.

A process of its own imports TensorFlow, and nothing more; for each program it
forks a child that does what the command line does. So the child may be
killed, may fork or exit as it likes, and costs a second instead of ten. Each
begins with the same seeds, so that a test that passed once passes again.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SERVER = """
import json, os, random, signal, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy, tensorflow
tensorflow.keras.layers.Dense
print("ready", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.alarm(order["seconds"])
        for number, name in ((0, os.devnull), (1, order["stdout"]), (2, order["stderr"])):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o644), number)
        os.chdir(order["folder"])
        os.environ.update(order["environment"])
        random.seed(0), numpy.random.seed(0), tensorflow.random.set_seed(0)
        sys.argv = order["command"]
        if order["command"][0] == "python":
            import runpy
            del sys.argv[0]
            runpy.run_path(sys.argv[0], run_name="__main__")
            sys.exit()
        if order["command"][0] in ("compared", "seeded"):
            import importlib
            main = importlib.import_module("gradproof.cli." + order["command"][0]).main
        else:
            from gradproof.cli import main
        main()
    print(child, flush=True)
    _, status, used = os.wait4(child, 0)
    print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, flush=True)
"""


SECONDS = 120
"""Time after which a program that does not end is ended, by SIGALRM."""


@dataclass(frozen=True)
class Done:
    """How a program ended, what it wrote, and its processor time in seconds."""

    status: int
    stdout: str
    stderr: str
    seconds: float = 0.0


class Nursery:
    """The process that forks; a context manager."""

    def __enter__(self) -> Nursery:
        """Starts it; it is ready when TensorFlow is imported."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._line() != "ready":
            assert self._process.stderr is not None
            raise AssertionError(self._process.stderr.read())
        return self

    def __exit__(self, *_: object) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()

    def run(
        self,
        command: list[str],
        folder: Path,
        environment: dict[str, str] | None = None,
        kill: tuple[str, int] | None = None,
        delay: float = 0.0,
    ) -> Done:
        """Runs `gradproof ...` (or `python ...`, `seeded ...`) in a folder, to its end.

        Args:
            command: `["gradproof", "run", "program.py"]`, say.
            folder: Where it runs.
            environment: Added to the variables there are.
            kill: A signal, sent when the program has written these words.
            delay: Seconds between the words and the signal.
        """
        order = {
            "command": command,
            "folder": str(folder),
            "environment": {"GRADPROOF_HOME": str(folder / ".gradproof"), **(environment or {})},
            "seconds": SECONDS,
            "stdout": str(folder / ".stdout"),
            "stderr": str(folder / ".stderr"),
        }
        for stream in ("stdout", "stderr"):
            Path(order[stream]).unlink(missing_ok=True)  # type: ignore[arg-type]
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        child = int(self._line())
        if kill is not None:
            words, number = kill
            until = time.monotonic() + SECONDS
            while words not in _text(folder / ".stdout"):
                if time.monotonic() > until:
                    break
                time.sleep(0.05)
            else:
                time.sleep(delay)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, number)
        status, seconds = self._line().split()
        out, err = _text(folder / ".stdout"), _text(folder / ".stderr")
        return Done(int(status), out, err, float(seconds))

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
