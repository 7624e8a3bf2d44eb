"""Event files for TensorBoard, written with its own package and without TensorFlow."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import IO, Any

from ..fault import Diagnosis
from ..record import Record
from ..report import text
from . import Refused
from .curves import Numbers, numbers

SUFFIX = ".gradproof"
BUCKETS = 20
MOST_SPREADS = 200
"""Histograms of each kind that are written."""


def write(record: Record, folder: Path) -> Path:
    """Writes what a record shows below a log folder.

    Args:
        record: Open for reading.
        folder: What `tensorboard --logdir` is given.

    Returns:
        The folder of this run: one below, called like the record.

    Raises:
        Refused: It can't be written.
        Unusable: The record is broken.
    """
    place = folder / record.path.stem
    events = [start(), *_events(record)]
    try:
        place.mkdir(parents=True, exist_ok=True)
        earlier = list(place.glob(f"events.out.tfevents.*{SUFFIX}"))
        name = file_name()
        with (place / name).open("wb") as file:
            put(file, [version(), *events])
        for file_before in earlier:
            if file_before.name != name:
                # Somebody may still have it open, which is no matter but on Windows.
                with suppress(OSError):
                    file_before.unlink(missing_ok=True)
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise Refused(f"{place}: can't be written ({reason})") from None
    return place


def file_name() -> str:
    """A name by which TensorBoard knows a file of events, and we know ours."""
    host = socket.gethostname()
    return f"events.out.tfevents.{int(time.time()):010}.{host}.{os.getpid()}{SUFFIX}"


def put(file: IO[bytes], events: Iterable[Any]) -> None:
    """Adds events to a file, as of now."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    writer = RecordWriter(file)
    now = time.time()
    for event in events:
        event.wall_time = now
        writer.write(event.SerializeToString())
    writer.flush()


def version() -> Any:
    """The event that readers look for first."""
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(file_version="brain.Event:2")


def start() -> Any:
    """The event at which TensorBoard forgets what it read of this run before."""
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog

    return Event(step=0, session_log=SessionLog(status=SessionLog.START))


def _events(record: Record) -> Iterator[Any]:
    found = numbers(record)
    yield from curves_and_spreads(found)
    answer = record.answer()
    last = max((curve.steps[-1] for curve in found.curves), default=0)
    yield _text("gradproof/report", last, text.render(answer, record.lines))
    yield from diagnosed(answer.diagnoses, record, 1)


def curves_and_spreads(found: Numbers) -> Iterator[Any]:
    """The numbers of a record as events."""
    for curve in found.curves:
        for step, number in zip(curve.steps, curve.values, strict=True):
            yield scalar(step, curve.name, number)
    stride = ceil(len(found.spreads) / MOST_SPREADS) or 1
    for spread in found.spreads[::stride]:
        yield histogram(spread.step, spread.name, spread.ratios)


def diagnosed(diagnoses: Sequence[Diagnosis], record: Record, first: int) -> Iterator[Any]:
    """Diagnoses as events, each a text; the first one has this number."""
    for number, one in enumerate(diagnoses, first):
        words = text.render_diagnosis(one, record.lines)
        yield _text(f"gradproof/{number}_{one.fault.code}_{one.fault.name}", one.step or 0, words)


def scalar(step: int, tag: str, number: float) -> Any:
    """One number as an event."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    value = Summary.Value(tag=tag, simple_value=number)
    return Event(step=step, summary=Summary(value=[value]))


def histogram(step: int, tag: str, numbers_here: Sequence[float]) -> Any:
    """Several numbers as an event."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary

    value = Summary.Value(tag=tag, histo=HistogramProto(**_buckets(numbers_here)))
    return Event(step=step, summary=Summary(value=[value]))


def _buckets(values: Sequence[float]) -> dict[str, Any]:
    """The fields of a histogram proto."""
    low, high = min(values), max(values)
    width = (high - low) / BUCKETS or 1.0
    counts = [0.0] * BUCKETS
    for value in values:
        counts[min(int((value - low) / width), BUCKETS - 1)] += 1
    return {
        "min": low,
        "max": high,
        "num": len(values),
        "sum": sum(values),
        "sum_squares": sum(value * value for value in values),
        "bucket_limit": [low + width * (place + 1) for place in range(BUCKETS)],
        "bucket": counts,
    }


def _text(tag: str, step: int, words: str) -> Any:
    """A text as TensorBoard shows it: Markdown, here a block of code."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    # Indented, for source may have fences of its own in it.
    block = "".join(f"    {line}\n" for line in words.strip("\n").splitlines())
    tensor = TensorProto(
        dtype=DT_STRING,
        string_val=[block.encode("utf-8", "replace")],
        tensor_shape=TensorShapeProto(),
    )
    plugin = SummaryMetadata.PluginData(plugin_name="text")
    value = Summary.Value(tag=tag, tensor=tensor, metadata=SummaryMetadata(plugin_data=plugin))
    return Event(step=step, summary=Summary(value=[value]))
