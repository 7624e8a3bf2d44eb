"""Spoiled records and hostile trees: does gradproof ever answer with a traceback?

    python benchmarks/fuzz.py                # five minutes each
    python benchmarks/fuzz.py records --minutes 15
    python benchmarks/fuzz.py trees --minutes 15

`records` spoils a run record of a real program: values in its tables, nodes in its documents, bytes
of the file, its length; `report` opens each in several forms. `trees` makes folders of spoiled
programs of the exam, with links in circles, pipes, null bytes, deep nesting, long lines and odd
names among them; `check` reads each. Hypothesis chooses, and makes an example small if one fails.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gradproof import cli

HERE = Path(__file__).parent
PROGRAM = HERE.parent / "examples" / "stuck" / "spiral.py"

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(["\x1b]0;t\x07\r\n::error::", "../../../etc/passwd", "a" * 10_000, "\u202e"]),
    st.sampled_from([[], {}, [[[]]], {"code": "GP999"}, {"path": "/etc/passwd", "line": -1}]),
)
FORMS = ("text", "json", "sarif", "github", "csv", "html")
PIECES = st.sampled_from(
    [
        *("(" * 150, "not " * 300, "\0", "\ufeff", "\\\n", "\t", "'''", "x" * 100_000, "\x0c"),
        *(
            "# gradproof: allow[",
            "# coding: utf-7\n",
            "async ",
            "del tape\n",
            "*a, *b = ",
            "lambda: ",
        ),
    ]
)


CAUGHT: Counter[str] = Counter()
"""What `report` could not show and told in a sentence: a broken record, or a mistake of ours."""


class Broken(AssertionError):
    """gradproof did not keep to its word."""


def asked(*arguments: str) -> int:
    """Exit status of a command, run in this process; its manners are checked."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main(list(arguments))
        except SystemExit as ending:
            status = int(ending.code or 0)
    said = out.getvalue() + err.getvalue()
    strange = "mistake in gradproof" in said and arguments[0] == "check"
    if status not in (0, 1, 2) or "Traceback" in err.getvalue() or strange:
        raise Broken(arguments, status, said[-2000:])
    if "mistake in gradproof" in said:
        caught = "failure-" + said.partition("failure-")[2].partition(" has")[0]
        last = Path(os.environ["GRADPROOF_HOME"], caught).read_text().strip().splitlines()
        CAUGHT[" ".join(last[-1].split())[:90]] += 1
    terminal = arguments[0] == "check" or not {"html", "csv", "json", "sarif"} & set(arguments)
    if terminal and set(said) & set("\x1b\x07\u202e"):
        raise Broken(arguments, "control characters", said[-2000:])
    return status


def recorded(folder: Path) -> bytes:
    """The record of a real run."""
    path = folder / "real.sqlite"
    command = [sys.executable, "-m", "gradproof", "run", "--exit-zero", "--record", str(path)]
    subprocess.run([*command, str(PROGRAM)], cwd=folder, capture_output=True, check=True)
    return path.read_bytes()


def spots(data: Any) -> list[tuple[Any, Any]]:
    """Every place in JSON data: a container and a key in it."""
    found = []
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        found.append((data, key))
        found += spots(data[key])
    return found


def spoil_document(draw: Any, connection: sqlite3.Connection) -> None:
    """Puts junk somewhere into one document."""
    names = [name for (name,) in connection.execute("SELECT name FROM documents ORDER BY name")]
    name = draw(st.sampled_from(names))
    query = "SELECT data FROM documents WHERE name = ?"
    data = json.loads(zlib.decompress(connection.execute(query, (name,)).fetchone()[0]))
    for _ in range(draw(st.integers(1, 3))):
        if places := spots(data):
            container, key = places[draw(st.integers(0, len(places) - 1))]
            # A container that is drawn again must be as it was.
            container[key] = deepcopy(draw(JUNK))
    packed = zlib.compress(json.dumps(data).encode("utf-8", "surrogatepass"))
    connection.execute("UPDATE documents SET data = ? WHERE name = ?", (packed, name))


def spoil_table(draw: Any, connection: sqlite3.Connection) -> None:
    """Puts junk into one column of one table."""
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    table = draw(st.sampled_from([name for (name,) in connection.execute(tables)]))
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    column = draw(st.sampled_from(columns))
    junk = draw(st.one_of(JUNK, st.binary(max_size=40)))
    if not isinstance(junk, (int, float, str, bytes)):
        junk = json.dumps(junk)
    with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
        connection.execute(f"UPDATE {table} SET {column} = ?", (junk,))


def spoil_bytes(draw: Any, path: Path) -> None:
    """Changes some bytes, or cuts the end off."""
    data = bytearray(path.read_bytes())
    for _ in range(draw(st.integers(0, 20))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    path.write_bytes(data)


def hold_records(data: st.DataObject, folder: Path, whole: bytes, seen: Counter[str]) -> None:
    """One spoiled record, opened in two forms."""
    home = folder / "runs"
    home.mkdir(exist_ok=True)
    path = home / "20260101-000000-train-1.sqlite"
    path.write_bytes(whole)
    kind = data.draw(st.sampled_from([spoil_document, spoil_document, spoil_table, spoil_bytes]))
    if kind is spoil_bytes:
        kind(data.draw, path)
    else:
        with closing(sqlite3.connect(path)) as connection:
            kind(data.draw, connection)
            connection.commit()
    form = data.draw(st.sampled_from(FORMS))
    for arguments in ([str(path), "--format", form], [str(home), "--verbose"]):
        seen[f"status {asked('report', *arguments)}"] += 1
    if {one.name for one in home.iterdir()} != {path.name}:
        raise Broken("a file was written beside the record", list(home.iterdir()))


def spoiled_program(data: st.DataObject, text: str) -> bytes:
    """A program in which lines and pieces were lost, moved and put in."""
    lines = text.splitlines(keepends=True) or ["\n"]
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        what = data.draw(st.integers(0, 5))
        if what == 0 and len(lines) > 1:
            del lines[at]
        elif what == 1:
            lines.insert(at, lines[data.draw(st.integers(0, len(lines) - 1))])
        elif what == 2:
            lines[at] = " " * data.draw(st.integers(0, 12)) + lines[at].lstrip()
        elif what == 3:
            cut = data.draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:cut] + data.draw(PIECES) + lines[at][cut:]
        elif what == 4:
            words = lines[at].split(" ")
            random.Random(data.draw(st.integers(0, 99))).shuffle(words)
            lines[at] = " ".join(words).rstrip("\n") + "\n"
        else:
            cut = data.draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:cut]
    return "".join(lines).encode("utf-8", "surrogatepass")


def hold_trees(data: st.DataObject, folder: Path, texts: list[str], seen: Counter[str]) -> None:
    """One hostile folder, read by `check`."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        root = Path(made)
        for number in range(data.draw(st.integers(1, 3))):
            text = texts[data.draw(st.integers(0, len(texts) - 1))]
            name = data.draw(st.sampled_from(["a", "b c", "ü", "-x", "__init__", "a\nb", "[x]"]))
            (root / f"{name}{number}.py").write_bytes(spoiled_program(data, text))
        odd = data.draw(st.sampled_from(["circle", "pipe", "notebook", "settings", "deep", "none"]))
        if odd == "circle":
            (root / "inner").mkdir()
            (root / "inner" / "again").symlink_to(root)
            (root / "self.py").symlink_to(root / "self.py")
        elif odd == "pipe":
            os.mkfifo(root / "pipe.py")
        elif odd == "notebook":
            cells = data.draw(st.recursive(JUNK, lambda one: st.dictionaries(st.text(), one)))
            cell = {"cell_type": "code", "source": data.draw(JUNK)}
            book = {"cells": data.draw(st.sampled_from([cells, [cell], [cells]])), "nbformat": 4}
            (root / "book.ipynb").write_text(json.dumps(book), errors="surrogatepass")
        elif odd == "settings":
            junk = json.dumps(data.draw(st.text(max_size=20)))
            key = data.draw(st.sampled_from(["select", "ignore", "exclude", "baseline", "keras"]))
            (root / "pyproject.toml").write_text(f"[tool.gradproof]\n{key} = {junk}\n")
        elif odd == "deep":
            (root / "/".join("d" * 60)).mkdir(parents=True)
        form = data.draw(st.sampled_from(["text", "json", "sarif", "github"]))
        seen[f"status {asked('check', '--no-cache', '--format', form, made)}"] += 1


def main() -> None:
    """Tries until the time is over; a line of JSON for each kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=["records", "trees"])
    parser.add_argument("--minutes", type=float, default=5)
    given_ = parser.parse_args()
    for kind in given_.kinds:
        with tempfile.TemporaryDirectory() as made:
            os.environ["GRADPROOF_HOME"] = str(Path(made, "home"))
            found = fuzz(kind, Path(made), 60 * given_.minutes)
        print(json.dumps({"kind": kind, "minutes": given_.minutes, **found}), flush=True)


def fuzz(kind: str, folder: Path, seconds: float) -> dict[str, object]:
    """Draws examples until the time is over, or one fails."""
    seen: Counter[str] = Counter()
    texts = [path.read_text() for path in sorted(HERE.glob("exam/cases/**/*.py"))]
    stuff: Any = recorded(folder) if kind == "records" else texts
    hold: Any = hold_records if kind == "records" else hold_trees

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def one(data: st.DataObject) -> None:
        hold(data, folder, stuff, seen)

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        one()
    return {"tried": sum(seen.values()), **dict(sorted(seen.items())), "caught": dict(CAUGHT)}


if __name__ == "__main__":
    main()
