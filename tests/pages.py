"""Reads a page of the documentation as a story, and plays it.

A block with a title is a file. A block of Python without one is a part of the
page's program; a block `text` behind it is what it prints. In a block
`console` the lines after `$ ` are commands, with what they print. `...` stands
for anything, a whole line of it for any lines. Blocks below
`<!-- not run: why -->` are only shown.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nursery import Nursery

FENCE = re.compile(
    r"(?P<before><!-- not run: [^>]+ -->\n)?"
    r"^(?P<indent> *)```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?[^\n]*\n"
    r"(?P<text>.*?)^(?P=indent)```",
    re.DOTALL | re.MULTILINE,
)
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")
NOISE = re.compile(r"^(WARNING: All log messages before absl|[IWE]\d{4} \d\d:|[IWE]0000 )")
"""What TensorFlow itself writes to stderr."""

TOLERANCE = 0.05
"""Part by which numbers with a point may differ, on another machine, say."""

SHELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.loads(sys.argv[1]):
    shell.run_cell(cell, store_history=True).raise_error()
"""

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    kind: str
    title: str | None
    text: str
    played: bool


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    found = []
    for match in FENCE.finditer(page.read_text(encoding="utf-8")):
        indent = len(match["indent"])
        text = "".join(line[indent:] or "\n" for line in match["text"].splitlines(keepends=True))
        found.append(Block(match["kind"], match["title"], text, not match["before"]))
    return found


def play(page: Path, folder: Path, nursery: Nursery) -> None:
    """Writes the files, runs the commands and the program, and compares.

    Raises:
        AssertionError: Something is not as the page says.
    """
    story = [block for block in blocks(page) if block.played]
    program = [block for block in story if block.kind in ("python", "text") and not block.title]
    cells = [block.text for block in story if block.kind == "ipython"]
    for block in story:
        if block.title and block.kind != "text":
            (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.kind == "console":
            _console(block.text, folder, nursery)
    if any(block.kind == "python" for block in program):
        _program(program, folder, nursery)
    if cells:
        _notebook(cells, folder)


def _console(text: str, folder: Path, nursery: Nursery) -> None:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        command = command.split("  #")[0].strip()
        status, said = _said(command, folder, nursery)
        assert status in (0, 1), (command, status, said)
        assert "Traceback" not in said or "Traceback" in shown, (command, said)
        if shown.strip():
            differs(shown, said, command)


def _said(command: str, folder: Path, nursery: Nursery) -> tuple[int, str]:
    """Exit status of a command, and what it wrote."""
    words = shlex.split(command)
    if words[:2] in (["gradproof", "run"], ["gradproof", "report"]) and "|" not in words:
        done = nursery.run(words, folder)
        return done.status, done.stdout + done.stderr
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "80"}
    if words[0] == "pytest":
        command = f"{shlex.quote(sys.executable)} -m {command} -p no:cacheprovider"
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, **environment, "GRADPROOF_HOME": str(folder / ".gradproof")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return ran.returncode, ran.stdout + ran.stderr


def _program(story: list[Block], folder: Path, nursery: Nursery) -> None:
    """Runs the blocks of Python after each other; each may have its output."""
    parts: list[str] = []
    wanted: dict[int, str] = {}
    for block in story:
        if block.kind == "python":
            parts.append(block.text)
        elif parts:
            wanted[len(parts)] = block.text
    text = "".join(f"{part}\nprint('\\n--- {at} ---')\n" for at, part in enumerate(parts, 1))
    (folder / "page.py").write_text(text, encoding="utf-8")
    done = nursery.run(["python", "page.py"], folder)
    assert done.status == 0, done.stderr[-3000:]
    said = re.split(r"\n--- \d+ ---\n", done.stdout)
    for number, shown in wanted.items():
        differs(shown, said[number - 1], parts[number - 1])


def _notebook(cells: list[str], folder: Path) -> None:
    """Runs the cells as IPython does."""
    done = subprocess.run(
        [sys.executable, "-c", SHELL, json.dumps(cells)],
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "IPYTHONDIR": str(folder / ".ipython")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def differs(shown: str, said: str, what: str) -> None:
    """Compares what a page shows with what was said.

    Raises:
        AssertionError: They differ by more than small numbers.
    """
    lines = [line.rstrip() for line in said.splitlines() if not NOISE.match(line)]
    pattern = r"\A"
    for line in shown.strip("\n").splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += _pattern(line.rstrip()) + r"\n"
    text = "\n".join(lines).strip("\n") + "\n"
    found = re.search(pattern + r"\Z", text)
    assert found, f"{what}\n--- the page shows\n{shown}\n--- it says\n{text}"
    for one, other in zip(_decimals(shown), found.groups(), strict=True):
        assert abs(one - float(other)) <= TOLERANCE * abs(one), (what, one, other, text)


def _pattern(line: str) -> str:
    """A line as a pattern: blanks are elastic, numbers with a point are caught."""
    pattern, at = "", 0
    for number in NUMBER.finditer(line):
        if not _inexact(number[0]):
            continue
        pattern += _words(line[at : number.start()]) + rf"({NUMBER.pattern})"
        at = number.end()
    return pattern + _words(line[at:])


def _words(text: str) -> str:
    escaped = re.escape(text).replace(re.escape("..."), r"[^\n]*?")
    return re.sub(r"(?:\\ )+", r"[ ]+", escaped)


def _inexact(number: str) -> bool:
    return "." in number or "e" in number


def _decimals(shown: str) -> list[float]:
    kept = [line for line in shown.splitlines() if line.strip() != "..."]
    return [float(number) for line in kept for number in NUMBER.findall(line) if _inexact(number)]
