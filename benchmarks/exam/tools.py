"""The tools that sit the exam: each an adapter of a few lines.

An adapter has a name, says whether it ranks what it says (`ranked`) and
whether it runs the program (`runs`), and has one method:

    ask(program: Path, generation: str, nursery: Nursery | None) -> Said

To enter a tool, write one and add it to `TOOLS`. `under` runs the program
in a process that has TensorFlow imported already; `command` runs a command.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from labels import HERE, ROOT, Remark

sys.path.insert(0, str(ROOT / "tests"))

from nursery import Done, Nursery

GRADPROOF = str(Path(sys.executable).with_name("gradproof"))
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_WARNING = re.compile(r"(?:^|/)([^\s/:]+\.py):(\d+): (\w*Warning): (.+)")
_LOGGED = re.compile(r"^WARNING:(?:tensorflow|absl|root):(.+)")
_RAISED = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception|Exit|Interrupt)\w*)(?:: (.*))?$")


@dataclass(frozen=True)
class Said:
    """What a tool said about one program.

    Attributes:
        remarks: In the tool's order.
        seconds: Processor time, without the import of TensorFlow.
        failed: Why there is no answer; "" if there is one.
    """

    remarks: list[Remark] = field(default_factory=list)
    seconds: float = 0.0
    failed: str = ""


class Tool(Protocol):
    """What sits the exam."""

    name: str
    ranked: bool
    runs: bool

    def ask(self, program: Path, generation: str, nursery: Nursery | None) -> Said:
        """Asks about one program."""


def under(
    nursery: Nursery | None, program: Path, command: list[str], **environment: str
) -> tuple[Done, Path]:
    """Runs a command on a copy of a program; returns how it ended, and where.

    The folder is the caller's to remove.
    """
    assert nursery is not None
    folder = Path(tempfile.mkdtemp(prefix="exam-"))
    shutil.copy(program, folder)
    return nursery.run(command, folder, environment), folder


def command(*arguments: str, cwd: Path) -> tuple[str, float]:
    """Runs a command; returns what it wrote to stdout, and the seconds."""
    before = time.perf_counter()
    done = subprocess.run(
        arguments, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )
    return done.stdout, time.perf_counter() - before


def heard(done: Done, program: Path) -> list[Remark]:
    """What TensorFlow, Keras and Python said on stderr: the exception first, then warnings."""
    lines = done.stderr.splitlines()
    remarks = []
    for line in lines:
        if found := _WARNING.search(line):
            file, number, kind, text = found.groups()
            at = int(number) if file == program.name else None
            remarks.append(Remark(f"{kind}: {text}", at))
        elif found := _LOGGED.match(line):
            remarks.append(Remark(found[1]))
    if done.status and (raised := [n for n, line in enumerate(lines) if _RAISED.match(line)]):
        frames = [
            int(number)
            for path, number in _FRAME.findall(done.stderr)
            if path.endswith(program.name)
        ]
        text = "\n".join(lines[raised[-1] :])[:4000]
        remarks.insert(0, Remark(text, frames[-1] if frames else None))
    return remarks


class Bare:
    """What TensorFlow and Keras say by themselves."""

    name = "TensorFlow and Keras themselves"
    ranked = True
    runs = True
    prelude = ""
    own: tuple[str, ...] = ()
    """Beginnings of remarks that are about the way the exam runs programs."""

    def ask(self, program: Path, generation: str, nursery: Nursery | None) -> Said:
        """Runs the program."""
        before = [str(HERE / "preludes" / self.prelude)] if self.prelude else []
        done, folder = under(nursery, program, ["python", *before, program.name])
        remarks = [*self.more(folder), *heard(done, program)]
        remarks = [one for one in remarks if not one.text.startswith(self.own)]
        shutil.rmtree(folder)
        ended = done.status < 0 and f"ended by signal {-done.status}"
        return Said(remarks, done.seconds, ended or "")

    def more(self, folder: Path) -> list[Remark]:
        """Adds what the prelude left in the folder."""
        path = folder / "remarks.json"
        given = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        return [Remark(**one) for one in given]


class CheckNumerics(Bare):
    """`tf.debugging.enable_check_numerics()` before the program."""

    name = "enable_check_numerics"
    prelude = "check_numerics.py"


class DebuggerV2(Bare):
    """`enable_dump_debug_info` at full health; its monitor's alerts are read afterwards."""

    name = "Debugger V2"
    prelude = "debugger_v2.py"
    # It can't read the source of frames that have none: those of `runpy`.
    own = ("Failed to read source code",)


class Ruff:
    """ruff with all rules, those in preview too."""

    name = "ruff, all rules"
    ranked = False
    runs = False

    def ask(self, program: Path, generation: str, nursery: Nursery | None) -> Said:
        """Reads the program."""
        wanted = ["--isolated", "--preview", "--select", "ALL", "--output-format", "json", "-q"]
        ruff = str(Path(sys.executable).with_name("ruff"))
        out, seconds = command(ruff, "check", *wanted, program.name, cwd=program.parent)
        found = json.loads(out or "[]")
        return Said(
            [
                Remark(
                    f"{one['code']} {one['message']}",
                    one["location"]["row"],
                    one["end_location"]["row"],
                )
                for one in found
            ],
            seconds,
        )


class Pylint:
    """pylint with everything that it has, kept warm in this process."""

    name = "pylint, all messages"
    ranked = False
    runs = False

    def ask(self, program: Path, generation: str, nursery: Nursery | None) -> Said:
        """Reads the program."""
        from pylint.lint import Run
        from pylint.reporters.json_reporter import JSONReporter

        out = io.StringIO()
        before = time.process_time()
        wanted = ["--rcfile=/dev/null", "--enable=all", "--score=n", str(program)]
        with contextlib.redirect_stderr(io.StringIO()):
            Run(wanted, reporter=JSONReporter(out), exit=False)
        seconds = time.process_time() - before
        found = json.loads(out.getvalue() or "[]")
        return Said(
            [
                Remark(f"{one['symbol']} {one['message']}", one["line"], one["endLine"])
                for one in found
            ],
            seconds,
        )


class Gradproof:
    """`gradproof run` or `gradproof check`."""

    ranked = True

    def __init__(self, verb: str) -> None:
        self.name = f"gradproof {verb}"
        self.runs = verb == "run"
        self._verb = verb

    def ask(self, program: Path, generation: str, nursery: Nursery | None) -> Said:
        """Reads or runs the program."""
        options = ["--isolated", "--format", "json", "--output", "answer.json"]
        if self.runs:
            line = ["gradproof", "run", *options, program.name]
            done, folder = under(nursery, program, line)
            seconds = done.seconds
        else:
            folder = Path(tempfile.mkdtemp(prefix="exam-"))
            shutil.copy(program, folder)
            options += ["--no-cache", "--keras", generation]
            _, seconds = command(GRADPROOF, "check", *options, program.name, cwd=folder)
        try:
            found = json.loads((folder / "answer.json").read_text(encoding="utf-8"))["diagnoses"]
        except (OSError, ValueError) as problem:
            return Said([], seconds, f"no answer: {problem}")
        finally:
            shutil.rmtree(folder)
        return Said([_diagnosed(one) for one in found], seconds)


def _diagnosed(one: dict) -> Remark:
    place = one["place"] or {}
    return Remark(
        one["message"],
        place.get("line"),
        place.get("end_line"),
        one["fault"],
        tuple(one["variables"]),
        one["level"] != "advice",
    )


TOOLS: tuple[Tool, ...] = (
    Bare(),
    CheckNumerics(),
    DebuggerV2(),
    Ruff(),
    Pylint(),
    Gradproof("check"),
    Gradproof("run"),
)


def nursery_of(generation: str) -> Nursery:
    """A process with TensorFlow imported, for one generation of Keras."""
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    if generation == "2":
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    return Nursery()
