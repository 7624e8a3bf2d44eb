"""The tables of a run record; `docs/record.md` describes them."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

VERSION = 1
"""Raised whenever a reader of the old tables would misread the new ones."""

MARK = 0x67726164
"""`PRAGMA application_id` of a run record ("grad")."""

_SQL = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE sources
    (path TEXT, cell INTEGER, text TEXT NOT NULL, PRIMARY KEY (path, cell)) WITHOUT ROWID;
CREATE TABLE diagnoses
    (rank INTEGER PRIMARY KEY, fault TEXT, code TEXT, stage TEXT, level TEXT, verdict TEXT,
     title TEXT, message TEXT, path TEXT, line INTEGER, step INTEGER);
CREATE TABLE variables
    (variable INTEGER PRIMARY KEY, path TEXT NOT NULL, shape TEXT, dtype TEXT, trainable INTEGER,
     role TEXT);
CREATE TABLE applies
    (apply INTEGER PRIMARY KEY, rule TEXT, optimizer INTEGER, path TEXT, line INTEGER,
     traced INTEGER);
CREATE TABLE columns
    (apply INTEGER PRIMARY KEY, variables TEXT NOT NULL, names TEXT NOT NULL);
CREATE TABLE steps
    (apply INTEGER, step INTEGER, loss REAL, learning_rate REAL, iterations INTEGER,
     numbers BLOB NOT NULL);
CREATE UNIQUE INDEX step ON steps (apply, step)
"""

TABLES = tuple(" ".join(statement.split()) for statement in _SQL.split(";"))
"""One statement each, just as SQLite keeps them."""

PART = ".part"
"""At the end of the name of a record that is being made."""

LARGEST = 64_000_000
"""Bytes of the largest document that is unpacked."""


class Unusable(Exception):
    """A file is no run record that can be read; the message is one sentence."""


def create(path: Path) -> None:
    """Makes an empty record where nothing is yet.

    It gets its name when it is one: a program may be killed at any moment.

    Raises:
        sqlite3.Error, OSError: It can't be written.
    """
    part = path.with_name(f"{path.name}{PART}")
    part.unlink(missing_ok=True)
    try:
        _create(part)
        os.replace(part, path)
    except (sqlite3.Error, OSError):
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _create(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN")
        connection.execute(f"PRAGMA application_id={MARK}")
        connection.execute(f"PRAGMA user_version={VERSION}")
        for table in TABLES:
            connection.execute(table)
        connection.execute("COMMIT")
    finally:
        connection.close()


def append(path: Path) -> sqlite3.Connection:
    """Opens a record that is there, to write into it.

    Raises:
        sqlite3.Error: It is not there any more, or locked.
    """
    connection = sqlite3.connect(_uri(path, "mode=rw"), uri=True, isolation_level=None, timeout=1)
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def view(path: Path) -> sqlite3.Connection:
    """Opens a record to read it; whatever it holds, nothing of it is run.

    Raises:
        Unusable: It is not there, or no record of this version.
    """
    if not path.exists():
        raise Unusable(f"{path}: no such file")
    try:
        connection = _open_to_read(path)
    except (sqlite3.Error, UnicodeDecodeError) as problem:
        raise Unusable(f"{path}: can't be read as a run record ({problem})") from None
    try:
        _check(connection, path)
    except (sqlite3.Error, UnicodeDecodeError, Unusable) as problem:
        connection.close()
        if isinstance(problem, Unusable):
            raise
        raise Unusable(f"{path}: not a run record of gradproof ({problem})") from None
    return connection


def is_record(path: str) -> bool:
    """Says whether a file is a run record of any version."""
    try:
        with open(path, "rb") as file:
            head = file.read(72)
    except OSError:
        return False
    return head.startswith(b"SQLite format 3\0") and head[68:] == MARK.to_bytes(4, "big")


def _open_to_read(path: Path) -> sqlite3.Connection:
    # Where the folder is read-only, only a file that nobody writes can be read.
    for options in ("mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.connect(_uri(path, options), uri=True, isolation_level=None)
        try:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as problem:
            connection.close()
            if "immutable" in options:
                raise
            last = problem
            continue
        except (sqlite3.Error, UnicodeDecodeError):
            # SQLite's own message may quote what the file holds, whatever that is.
            connection.close()
            raise
        return connection
    raise last


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if mark != MARK:
        raise Unusable(f"{path}: not a run record of gradproof")
    if version != VERSION:
        raise Unusable(
            f"{path}: a run record of version {version}; this gradproof reads version {VERSION}"
        )
    # Views and triggers of a foreign hand would be code: only our own tables.
    found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    if {sql for (sql,) in found} != set(TABLES):
        raise Unusable(f"{path}: a run record with tables that gradproof does not make")


def _uri(path: Path, options: str) -> str:
    return f"file:{quote(os.fspath(path.absolute()))}?{options}"


def packed(data: object) -> bytes:
    """Plain JSON data, compressed."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 3)


def unpacked(data: object) -> object:
    """What `packed` made.

    Raises:
        ValueError: It is broken, or larger than `LARGEST`.
    """
    if not isinstance(data, bytes):
        raise ValueError("no bytes")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, LARGEST)
        if stream.unconsumed_tail or not stream.eof:
            raise ValueError("too large, or cut off")
        value: object = json.loads(text.decode("utf-8", "surrogatepass"))
    except (zlib.error, RecursionError) as problem:
        raise ValueError(str(problem)) from None
    return value
