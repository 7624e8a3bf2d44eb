"""However a run ends, its record can be read and nothing of the program is lost."""

from __future__ import annotations

import re
import signal
import textwrap
from pathlib import Path

import pytest

from gradproof.record import Record, find
from nursery import Nursery

pytestmark = pytest.mark.tensorflow

PROGRAM = """
import atexit, os, sys, threading, time
import tensorflow as tf

kernel = tf.Variable([[1.0, 0.5], [0.2, 0.3]], name="kernel")
bias = tf.Variable([1.0, 2.0], name="bias")
optimizer = tf.keras.optimizers.SGD(0.01)
atexit.register(print, "tidy")

def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tf.ones((3, 2)) @ kernel + bias) ** 2)
    gradients = tape.gradient(loss, [kernel, bias])
    optimizer.apply_gradients(zip(gradients, [kernel, bias]))
    return loss

traced = tf.function(step)

@tf.function
def many(count):
    loss = 0.0
    for _ in tf.range(count):
        loss = step()
    return loss

"""

HAND = """
import tensorflow as tf

kernel, bias = tf.Variable([1.0, 2.0]), tf.Variable(1.0)
try:
    for number in range(100):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(kernel * bias)
        for variable, gradient in zip([kernel, bias], tape.gradient(loss, [kernel, bias])):
            variable.assign_sub(0.01 * gradient)
finally:
    print("finally", number)
"""


def written(folder: Path, end: str, start: str = PROGRAM) -> list[str]:
    """Writes a program; gives the command that runs it."""
    (folder / "program.py").write_text(start + textwrap.dedent(end))
    return ["gradproof", "run"]


def recorded(folder: Path) -> Record:
    """The newest record in a folder."""
    return Record(find(str(folder), folder))


def test_steps_ends_an_eager_run(nursery: Nursery, tmp_path):
    """The program ends after its step as by `sys.exit()`, and tidies up."""
    command = written(
        tmp_path,
        """
        try:
            for number in range(1000):
                try:
                    step()
                except Exception as problem:
                    print("swallowed", problem)
        finally:
            print("finally", number)
        print("not reached")
        """,
    )
    done = nursery.run([*command, "--steps", "7", "program.py"], tmp_path)
    assert (done.status, done.stdout) == (0, "finally 6\ntidy\n")
    assert "7 steps watched" in done.stderr
    assert "ended after 7 updates, as `--steps 7` asks" in done.stderr
    with recorded(tmp_path) as record:
        assert [passage.step.index for passage in record.steps()] == list(range(1, 8))


def test_no_step_of_a_fast_loop_is_lost(nursery: Nursery, tmp_path):
    """The rings are read before they are full, whoever reads them in between."""
    command = written(tmp_path, "for number in range(3000): traced()")
    nursery.run([*command, "program.py"], tmp_path)
    with recorded(tmp_path) as record:
        assert [passage.step.index for passage in record.steps()] == list(range(1, 3001))


def test_no_step_of_a_loop_in_a_function_is_lost(nursery: Nursery, tmp_path):
    """Calls of one step, then of hundreds: what came before says nothing of the next call."""
    command = written(
        tmp_path,
        """
        for count in 300 * [1] + 5 * [40, 900, 1]:
            many(tf.constant(count))
        """,
    )
    done = nursery.run([*command, "program.py"], tmp_path)
    assert "not watched" not in done.stderr
    with recorded(tmp_path) as record:
        assert [passage.step.index for passage in record.steps()] == list(range(1, 5006))


def test_steps_that_no_ring_could_hold_are_told(nursery: Nursery, tmp_path):
    """A call of ten thousand steps leaves the numbers of the newest."""
    command = written(tmp_path, "many(tf.constant(10_000))")
    done = nursery.run([*command, "program.py"], tmp_path)
    assert "10000 steps watched" in done.stderr
    assert "not watched: the numbers of 5,904 steps, made in calls that make very many" in (
        done.stderr
    )


FIT = """
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(tf.ones((40, 2)), tf.ones((40, 1)), batch_size=4, epochs=9, verbose=0)
"""


@pytest.mark.parametrize(
    ("end", "steps"),
    [
        ("while True: traced()", 5),
        ("while True: step()", 5),
        ("while True:\n    try: traced()\n    except Exception: pass", 5),
        ("while True: many(tf.constant(3))", 6),
        (FIT, 5),
    ],
    ids=["traced", "eager", "no Exception", "loop inside a function", "fit"],
)
def test_steps_ends_every_kind_of_loop(end, steps, nursery: Nursery, tmp_path):
    """A step is not left half done, and the summary says how many there were."""
    command = written(tmp_path, end)
    done = nursery.run([*command, "--steps", "5", "program.py"], tmp_path)
    assert done.status == 0, done.stderr
    assert f"{steps} steps watched" in done.stderr
    assert f"ended after {steps} updates" in done.stderr
    assert ("inside a call" in done.stderr.replace("\n    ", " ")) == (steps != 5)


def test_steps_counts_updates_by_hand(nursery: Nursery, tmp_path):
    """The end comes before the first variable moves once more, not between two."""
    command = written(tmp_path, "", HAND)
    done = nursery.run([*command, "--steps", "3", "program.py"], tmp_path)
    assert done.stdout == "finally 3\n"
    assert "3 steps watched" in done.stderr
    assert "2 of 2" in done.stderr or "both variables moved" in done.stderr


def test_an_optimizer_that_is_only_there_counts_no_steps(nursery: Nursery, tmp_path):
    """Updates by hand are then counted all the same, each by its own gradient."""
    unused = HAND.replace("try:", "tf.keras.optimizers.SGD(0.1)\ntry:")
    done = nursery.run([*written(tmp_path, "", unused), "--steps", "8", "program.py"], tmp_path)
    assert done.stdout == "finally 8\n"
    with recorded(tmp_path) as record:
        steps = list(record.steps())
    assert len(steps) == 16
    for passage in steps:
        (update,) = passage.step.updates
        assert update.change_norm == pytest.approx(0.01 * update.gradient_norm, rel=1e-4)


def test_steps_ends_a_program_that_never_updates(nursery: Nursery, tmp_path):
    """Gradients are taken for ever and never applied."""
    command = written(
        tmp_path,
        """
        while True:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(kernel)
            tape.gradient(loss, kernel)
        """,
    )
    done = nursery.run([*command, "--steps", "2", "program.py"], tmp_path)
    assert "without an update" in done.stderr


STUCK = """
for number in range(10**9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(bias ** 2) + tf.reduce_sum(kernel.numpy() ** 2)
    gradients = tape.gradient(loss, [kernel, bias])
    optimizer.apply_gradients(zip(gradients, [kernel, bias]))
"""


def test_stop_on_error_ends_a_stuck_run(nursery: Nursery, tmp_path):
    """What would go on for days ends at the first proven error; status 1."""
    command = written(tmp_path, STUCK)
    done = nursery.run([*command, "--stop-on", "error", "program.py"], tmp_path)
    assert (done.status, done.stdout) == (1, "tidy\n")
    assert "ended at the first proven error" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_a_record(number, nursery: Nursery, tmp_path):
    """The status is the signal's; the record says what was known by then."""
    command = written(
        tmp_path,
        """
        import glob, subprocess, sys
        # Asked from outside: one process must not open a database twice.
        COUNT = (
            "import sqlite3, sys; print(sqlite3.connect(sys.argv[1])"
            ".execute('SELECT count(*) FROM steps').fetchone()[0])"
        )
        said = False
        for number in range(10**9):
            traced()
            if number >= 300 and number % 100 == 0 and not said:
                time.sleep(0.2)
                (kept,) = glob.glob(".gradproof/runs/*.sqlite")
                asked = [sys.executable, "-c", COUNT, kept]
                if int(subprocess.run(asked, capture_output=True).stdout) >= 300:
                    said = True
                    print("go", flush=True)
        """,
    )
    done = nursery.run([*command, "program.py"], tmp_path, kill=("go", number))
    assert done.status == -number
    with recorded(tmp_path) as record:
        answer = record.answer()
        assert answer.rules == ("SGD",)
        assert "killed, or still goes on" in answer.notes[-1]
        indices = [passage.step.index for passage in record.steps()]
    assert len(indices) >= 300
    assert indices == list(range(1, len(indices) + 1))


def test_an_interrupted_run_reports_and_records(nursery: Nursery, tmp_path):
    """Ctrl-C ends the program by the signal, after `finally` and `atexit`."""
    command = written(
        tmp_path,
        """
        try:
            while True:
                traced()
                print("go", flush=True)
        finally:
            print("finally")
        """,
    )
    done = nursery.run([*command, "program.py"], tmp_path, kill=("go", signal.SIGINT))
    assert done.status in (-signal.SIGINT, 1)
    assert done.stdout.endswith("finally\ntidy\n")
    with recorded(tmp_path) as record:
        assert record.about["error"] == "KeyboardInterrupt"


@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        ("[step() for _ in range(20)]; os._exit(5)", 5, None),
        ("[step() for _ in range(20)]; sys.exit(3)", 3, None),
        ("[step() for _ in range(20)]; raise ValueError('no data')", 1, "ValueError"),
    ],
)
def test_status_and_exception_are_kept(end, status, error, nursery: Nursery, tmp_path):
    """They are the program's; the record has them, unless nobody could write it."""
    command = written(tmp_path, end)
    done = nursery.run([*command, "program.py"], tmp_path)
    assert done.status == status
    with recorded(tmp_path) as record:
        if "_exit" in end:
            assert "status" not in record.about
        else:
            assert record.about["status"] == status
            assert record.about["error"] == error


def test_children_write_nothing_into_the_record(nursery: Nursery, tmp_path):
    """A forked child neither writes nor reports; the parent's record is whole."""
    command = written(
        tmp_path,
        """
        import multiprocessing

        [step() for _ in range(20)]
        child = multiprocessing.get_context("fork").Process(target=print, args=("child",))
        child.start(); child.join()
        if os.fork() == 0:
            print("to the end", flush=True)
        else:
            os.wait()
            [step() for _ in range(20)]
            print("parent", flush=True)
        """,
    )
    done = nursery.run([*command, "program.py"], tmp_path)
    assert done.status == 0
    assert done.stderr.count("steps watched") == 1
    assert sorted(done.stdout.split("\n")) == sorted(
        ["", "child", "to the end", "tidy", "parent", "tidy"]
    )
    with recorded(tmp_path) as record:
        assert len(list(record.steps())) == 40


def test_training_in_a_thread_is_recorded(nursery: Nursery, tmp_path):
    """Steps of another thread count, and `--steps` ends that thread."""
    command = written(
        tmp_path,
        """
        def train():
            for _ in range(50): step()
        worker = threading.Thread(target=train)
        worker.start(); worker.join()
        print("main goes on")
        """,
    )
    done = nursery.run([*command, "--steps", "9", "program.py"], tmp_path)
    assert (done.status, done.stdout) == (0, "main goes on\ntidy\n")
    assert "9 steps watched" in done.stderr


def test_a_program_that_closes_all_files_is_safe(nursery: Nursery, tmp_path):
    """The record holds no file open that the program could close or reuse."""
    command = written(
        tmp_path,
        """
        step()
        before = set(os.listdir("/proc/self/fd"))
        for _ in range(700): step()
        assert set(os.listdir("/proc/self/fd")) == before
        print("same")
        """,
    )
    done = nursery.run([*command, "program.py"], tmp_path)
    assert done.stdout == "same\ntidy\n", done.stderr


def test_a_folder_that_cannot_be_written_costs_one_line(nursery: Nursery, tmp_path):
    """The run goes on without a record."""
    (tmp_path / "file").write_text("")
    command = written(tmp_path, "[step() for _ in range(20)]; print('trained')")
    done = nursery.run(
        [*command, "program.py"], tmp_path, {"GRADPROOF_HOME": str(tmp_path / "file" / "inside")}
    )
    assert (done.status, done.stdout) == (0, "trained\ntidy\n")
    assert len(re.findall("no run record is kept", done.stderr)) == 1
    assert "20 steps watched" in done.stderr


def test_a_disk_that_fills_costs_one_line(nursery: Nursery, tmp_path):
    """What was written before stays readable."""
    command = written(
        tmp_path,
        """
        import resource
        [traced() for _ in range(100)]
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        [traced() for _ in range(1000)]
        print("trained")
        """,
    )
    done = nursery.run([*command, "program.py"], tmp_path)
    assert (done.status, done.stdout) == (0, "trained\ntidy\n"), done.stderr
    assert len(re.findall("record ends early", done.stderr)) == 1
    with recorded(tmp_path) as record:
        assert len(list(record.steps())) >= 1
