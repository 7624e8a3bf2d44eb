"""The numbers of a run record as one long table, for other tools."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ..harmless import harmless
from .reading import Passage

COLUMNS = (
    ("apply", "int64"),
    ("rule", "string"),
    ("path", "string"),
    ("line", "int64"),
    ("step", "int64"),
    ("variable", "string"),
    ("gradient_norm", "float32"),
    ("value_norm", "float32"),
    ("change_norm", "float32"),
    ("along", "float32"),
    ("loss", "float64"),
    ("learning_rate", "float64"),
    ("iterations", "int64"),
)
"""One row for each variable at each step; names and types, all may be null."""

ROWS = 50_000
"""Rows that are written at once."""

Row = tuple[int | float | str | None, ...]


class Lacking(Exception):
    """A package that is needed is not installed; the message is one sentence."""


def rows(passages: Iterable[Passage]) -> Iterator[Row]:
    """The table, in the order of `COLUMNS`."""
    for passage in passages:
        step = passage.step
        head = (step.apply, passage.rule, passage.path, passage.line, step.index)
        tail = (step.loss, step.learning_rate, step.iterations)
        for name, update in zip(passage.names, step.updates, strict=True):
            yield (
                *head,
                name,
                update.gradient_norm,
                update.value_norm,
                update.change_norm,
                update.along,
                *tail,
            )


def csv_text(passages: Iterable[Passage]) -> Iterator[str]:
    """The table as CSV, a part at a time; what is unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(name for name, _ in COLUMNS)
    table = rows(passages)
    while True:
        yield text.getvalue()
        text.seek(0)
        text.truncate()
        part = list(islice(table, ROWS))
        if not part:
            return
        writer.writerows(map(_shown, part))


def _shown(row: Row) -> Iterator[object]:
    # Nine digits give every float32 back.
    for value in row:
        if isinstance(value, float):
            yield f"{value:.9g}"
        else:
            yield harmless(value) if isinstance(value, str) else value


def write_parquet(passages: Iterable[Passage], path: Path) -> None:
    """Writes the table as a Parquet file.

    Raises:
        Lacking: There is no pyarrow.
        OSError: It can't be written.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise Lacking(
            "Parquet needs pyarrow, which is not installed: `pip install 'gradproof[parquet]'`"
        ) from None
    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS])
    table = rows(passages)
    with parquet.ParquetWriter(str(path), schema) as writer:
        while part := list(islice(table, ROWS)):
            columns = [
                pyarrow.array(values, field.type)
                for values, field in zip(zip(*part, strict=True), schema, strict=True)
            ]
            writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))
