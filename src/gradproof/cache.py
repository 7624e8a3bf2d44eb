"""What was found in files before, kept by what they and their neighbours hold.

One SQLite file; several gradproofs may use it at once. It is never needed:
whatever is wrong with it, the answer is the same without it, only later.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .checking import Checked, Task, digest
from .files import Unreadable, content
from .suppression import Allowance

if TYPE_CHECKING:
    from .fault import Diagnosis

DAYS_KEPT = 30
"""After which an entry that nobody asked for goes."""

_TABLE = """
CREATE TABLE IF NOT EXISTS checked (
    path TEXT NOT NULL,     -- absolute
    options TEXT NOT NULL,  -- digest of all that changes an answer beside the files
    content TEXT NOT NULL,  -- digest of the file
    files TEXT NOT NULL,    -- JSON: digests of other files that were read; null if absent
    found TEXT NOT NULL,    -- JSON: what was found
    day INTEGER NOT NULL,   -- when it was last made, in days since 1970
    PRIMARY KEY (path, options)
) WITHOUT ROWID
"""

_ASK = "SELECT files, found FROM checked WHERE path = ? AND options = ? AND content = ?"


class Cache:
    """Answers of earlier checks."""

    def __init__(self, home: Path) -> None:
        self._path = home / "cache" / "checked-1.sqlite"
        self._start = os.getcwd()
        self._salt = f"{_made_of()}\0{self._start}\0{os.environ.get('TF_USE_LEGACY_KERAS', '')}"
        self._digests: dict[str, str | None] = {}
        self._new: list[tuple[str, str, str, str, str, int]] = []
        self._open: sqlite3.Connection | None = None
        self._absent = not self._path.exists()
        self._spoilt = False

    def known(self, task: Task, data: bytes) -> Checked | None:
        """What was found in a file with just this content, if it still holds."""
        if task.data is not None or self._absent:
            return None
        try:
            row = self._connection().execute(_ASK, self._key(task, data)).fetchone()
            if row is None:
                return None
            files = json.loads(row[0])
            if any(self._digest(path) != files[path] for path in files):
                return None
            return _checked(json.loads(row[1]))
        except (ValueError, TypeError, KeyError, AttributeError):
            # Not what we wrote; it is written anew.
            return None
        except sqlite3.Error as problem:
            self._absent = True
            self._spoilt = not isinstance(problem, sqlite3.OperationalError)
            return None

    def keep(self, task: Task, checked: Checked) -> None:
        """Remembers an answer; nothing is written yet."""
        if task.data is not None or checked.failed or checked.slipped:
            return
        from .plain import encode

        files = {path: self._digest(path) for path in (*checked.read, *checked.absent)}
        found = {
            "loops": checked.loops,
            "unsure": checked.unsure,
            "notes": checked.notes,
            "comments": encode(checked.comments),
            "diagnoses": encode(checked.diagnoses),
        }
        self._new.append(
            (
                _stored(task.path),
                self._options(task),
                checked.digest,
                json.dumps(files),
                json.dumps(found),
                int(time.time() // 86_400),
            )
        )

    def write(self) -> None:
        """Writes what is new, if it can be written."""
        if not self._new:
            return
        try:
            _ready(self._path.parent)
            if self._spoilt:
                self._begin_anew()
            self._insert()
        except sqlite3.OperationalError:
            # Somebody else writes, or the disk is full.
            pass
        except sqlite3.DatabaseError:
            self._begin_anew()
        except OSError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Lets go of the file."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _begin_anew(self) -> None:
        """Takes away a file that is none of ours; the next check makes one."""
        self.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _insert(self) -> None:
        with self._connection() as connection:
            connection.execute(_TABLE)
            connection.executemany(
                "INSERT OR REPLACE INTO checked VALUES (?, ?, ?, ?, ?, ?)", self._new
            )
            today = int(time.time() // 86_400)
            connection.execute("DELETE FROM checked WHERE day < ?", (today - DAYS_KEPT,))

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = sqlite3.connect(self._path, timeout=1.0)
            # Nothing is lost that could not be found again.
            self._open.execute("PRAGMA synchronous = OFF")
        return self._open

    def _key(self, task: Task, data: bytes) -> tuple[str, str, str]:
        return _stored(task.path), self._options(task), digest(data)

    def _options(self, task: Task) -> str:
        words = (self._salt, task.shown, str(task.keras), *sorted(task.left_out))
        return digest("\0".join(words).encode("utf-8", "surrogateescape"))

    def _digest(self, shown: str) -> str | None:
        """Of another file, by its shown path; `None` if there is none."""
        if shown not in self._digests:
            try:
                data = content(os.path.join(self._start, shown), shown)
                self._digests[shown] = digest(data)
            except Unreadable:
                self._digests[shown] = None
        return self._digests[shown]


def _checked(form: Mapping[str, object]) -> Checked:
    """An answer out of its stored form.

    Raises:
        ValueError, TypeError, KeyError: The form is not what it should be.
    """
    diagnoses: tuple[Diagnosis, ...] = ()
    comments: tuple[Allowance, ...] = ()
    if form["diagnoses"] or form["comments"]:
        from .fault import Diagnosis
        from .plain import decode

        diagnoses = decode(tuple[Diagnosis, ...], form["diagnoses"])
        comments = decode(tuple[Allowance, ...], form["comments"])
    loops, unsure = form["loops"], form["unsure"]
    if not isinstance(loops, int) or not isinstance(unsure, bool):
        raise TypeError
    return Checked(diagnoses, loops, unsure, _words(form["notes"]), comments)


def _words(form: object) -> tuple[str, ...]:
    """Sentences out of their stored form.

    Raises:
        TypeError: They are none.
    """
    if not isinstance(form, list) or not all(isinstance(one, str) for one in form):
        raise TypeError
    return tuple(form)


def _stored(path: str) -> str:
    """A path that is no text becomes one."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _made_of() -> str:
    """What tells one gradproof from another: version, and its own files."""
    parts = [__version__, sys.version]
    for folder, folders, names in os.walk(os.path.dirname(os.path.abspath(__file__))):
        folders[:] = sorted(name for name in folders if name not in ("__pycache__", "watching"))
        for name in sorted(names):
            if name.endswith(".py"):
                stat = os.stat(os.path.join(folder, name))
                parts.append(f"{name}:{stat.st_size}:{stat.st_mtime_ns}")
    return blake2b("\n".join(parts).encode(), digest_size=20).hexdigest()


def _ready(folder: Path) -> None:
    """Makes the folder of the cache, and lets git leave it alone.

    Raises:
        OSError: It can't be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by gradproof.\n*\n", encoding="utf-8")
