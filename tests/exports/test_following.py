"""TensorBoard sees a run while it goes on."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

import records
from answers import PROVEN
from commands import GRADPROOF
from gradproof.answer import Answer
from gradproof.evidence.rows import COLUMNS, StepRow, StepRows
from gradproof.exports.following import Following
from gradproof.record import Recorder, replaced

LONG = 120.0
"""Seconds after which nothing comes any more."""

PROGRAM = """
import select, sys
import tensorflow as tf
kernel = tf.Variable(tf.ones((4, 4)), name="kernel")
optimizer = tf.keras.optimizers.SGD(0.001)
while not select.select([sys.stdin], [], [], 0.02)[0]:
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(kernel**2)
    optimizer.apply_gradients([(tape.gradient(loss, kernel), kernel)])
"""


def read(folder: Path):
    """What TensorBoard's own reader finds in a folder."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0})
    found.Reload()
    return found


def steps(found, tag: str) -> list[int]:
    """The steps of a scalar; none if it is not there."""
    return [one.step for one in found.Scalars(tag)] if tag in found.Tags()["scalars"] else []


@pytest.mark.tensorflow
@pytest.mark.skipif(sys.platform == "win32", reason="waits for a line by select")
def test_a_run_is_seen_before_it_ends(tmp_path):
    """Its numbers grow; in the end one whole file is there."""
    (tmp_path / "train.py").write_text(PROGRAM)
    wishes = ["--record", "one.sqlite", "--tensorboard", "logs"]
    run = subprocess.Popen(
        [GRADPROOF, "run", *wishes, "train.py"],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    place, until, seen = tmp_path / "logs" / "one", time.monotonic() + LONG, set()
    while len(seen) < 2:
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < until, seen
        if place.is_dir():
            seen.update(steps(read(place), "loss")[-1:])
        time.sleep(0.2)
    _, said = run.communicate("enough\n", timeout=LONG)
    assert run.returncode == 0, said
    assert "gradproof: written for TensorBoard: logs/one" in said.replace(os.sep, "/")
    assert len(list(place.iterdir())) == 1
    whole = steps(read(place), "loss")
    assert whole[0] == 1
    assert whole[-1] >= max(seen)


def rows(apply: int, first: int, last: int) -> StepRows:
    """Steps of two variables."""
    return StepRows(
        apply,
        (1, 2),
        COLUMNS[:3],
        tuple(
            StepRow(step, struct.pack("<6f", 0.8, 2.0, 0.02, 0.4, 1.0, 0.01), 1.0 / step, 0.1)
            for step in range(first, last + 1)
        ),
    )


class Growing:
    """A record that is written bit by bit, and what TensorBoard sees of it."""

    def __init__(self, folder: Path) -> None:
        path = folder / "one.sqlite"
        self.folder = folder / "logs"
        self.folder.mkdir()
        self.recorder = Recorder(path, lambda: {"program": "train.py"}, replaced)
        self.following = Following(path, self.folder / "events.out.tfevents.1.here.1.gradproof")

    def writes(self, *diagnoses, rows: StepRows | None = None) -> None:
        """Adds steps and says what is wrong so far."""
        if rows is not None:
            self.recorder.add([rows])
        # An answer is written with the steps that wait, when it is time: here at once.
        self.recorder._next = 0.0
        self.recorder.judged(Answer("run", diagnoses), records.healthy(), lambda path, cell: [])

    def seen(self):
        """Looks at the record, and reads what was written."""
        self.following.look()
        return read(self.folder)


def test_what_is_new_is_added(tmp_path):
    """Each step once, each diagnosis once, and nothing where nothing is new."""
    growing = Growing(tmp_path)
    assert growing.following.look() is False
    growing.writes(PROVEN, rows=rows(1, 1, 3))
    found = growing.seen()
    assert steps(found, "loss") == [1, 2, 3]
    assert [tag for tag in found.Tags()["tensors"] if PROVEN.fault.code in tag]
    assert growing.following.look() is False
    growing.writes(PROVEN, rows=rows(1, 4, 5))
    found = growing.seen()
    assert steps(found, "loss") == [1, 2, 3, 4, 5]
    assert len(found.Tags()["histograms"]) == 1
    assert len(found.Tags()["tensors"]) == 1


def test_a_second_place_gives_both_longer_names(tmp_path):
    """What was written before under the short name is forgotten."""
    growing = Growing(tmp_path)
    growing.writes(PROVEN, rows=rows(1, 1, 3))
    assert steps(growing.seen(), "loss") == [1, 2, 3]
    growing.writes(PROVEN, rows=rows(2, 1, 2))
    found = growing.seen()
    losses = sorted(tag for tag in found.Tags()["scalars"] if tag.startswith("loss/"))
    assert [steps(found, tag) for tag in losses] == [[1, 2, 3], [1, 2]]
    assert steps(found, "loss") == []
    assert len([tag for tag in found.Tags()["tensors"] if PROVEN.fault.code in tag]) == 1


def test_of_a_long_run_fewer_steps(tmp_path):
    """Every one of the first thousand, every second of the next, and so on."""
    growing = Growing(tmp_path)
    for first in range(1, 4001, 500):
        growing.writes(PROVEN, rows=rows(1, first, first + 499))
        growing.following.look()
    found = steps(read(growing.folder), "loss")
    assert found[:1000] == [*range(1, 1000), 1000]
    assert found[1000:] == [*range(1002, 2000, 2), *range(2000, 4001, 4)]
