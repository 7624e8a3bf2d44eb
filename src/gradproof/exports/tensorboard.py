"""Event files for TensorBoard, written with its own package and without TensorFlow."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any

from ..record import Record
from ..report import text
from . import Refused
from .curves import numbers

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
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    place = folder / record.path.stem
    name = f"events.out.tfevents.{int(time.time()):010}.{socket.gethostname()}.{os.getpid()}"
    events = list(_events(record))
    try:
        place.mkdir(parents=True, exist_ok=True)
        earlier = list(place.glob(f"events.out.tfevents.*{SUFFIX}"))
        with (place / (name + SUFFIX)).open("wb") as file:
            writer = RecordWriter(file)
            now = time.time()
            # The version that readers look for first.
            first = Event(wall_time=now, file_version="brain.Event:2")
            for event in [first, *events]:
                event.wall_time = now
                writer.write(event.SerializeToString())
            writer.flush()
        for file_before in earlier:
            if file_before.name != name + SUFFIX:
                file_before.unlink(missing_ok=True)
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise Refused(f"{place}: can't be written ({reason})") from None
    return place


def _events(record: Record) -> Iterator[Any]:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary

    found = numbers(record)
    for curve in found.curves:
        for step, number in zip(curve.steps, curve.values, strict=True):
            value = Summary.Value(tag=curve.name, simple_value=number)
            yield Event(step=step, summary=Summary(value=[value]))
    stride = ceil(len(found.spreads) / MOST_SPREADS) or 1
    for spread in found.spreads[::stride]:
        histogram = HistogramProto(**_buckets(spread.ratios))
        value = Summary.Value(tag=spread.name, histo=histogram)
        yield Event(step=spread.step, summary=Summary(value=[value]))
    answer = record.answer()
    last = max((curve.steps[-1] for curve in found.curves), default=0)
    yield _text("gradproof/report", last, text.render(answer, record.lines))
    for number, one in enumerate(answer.diagnoses, 1):
        words = text.render_diagnosis(one, record.lines)
        yield _text(f"gradproof/{number}_{one.fault.code}_{one.fault.name}", one.step or 0, words)


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
