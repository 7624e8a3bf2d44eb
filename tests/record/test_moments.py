"""Signals at random moments, and programs that make it hard: the record can be read each time."""

from __future__ import annotations

import random
import signal
import textwrap
from pathlib import Path

import pytest

from gradproof.record import Record, Unusable, find
from nursery import Done, Nursery

pytestmark = pytest.mark.tensorflow

START = """
import faulthandler, gc, os, sys, threading, time
import tensorflow as tf

faulthandler.enable()
gc.callbacks.clear()  # JAX, if it is there, has one that swallows an interrupt

kernel = tf.Variable([[1.0, 0.5], [0.2, 0.3]], name="kernel")
optimizer = tf.keras.optimizers.SGD(0.001)

def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tf.ones((3, 2)) @ kernel) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, [kernel]), [kernel]))

traced = tf.function(step)
"""

KILLED = """
with open("mine.txt", "w", buffering=1) as mine:
    print("go", flush=True)
    for number in range(10**9):
        traced()
        if number % 7 == 0:
            step()
        mine.write(f"step {number}\\n")
"""


def run(nursery: Nursery, folder: Path, end: str, **named: object) -> Done:
    """Runs a program that ends as told."""
    (folder / "program.py").write_text(START + textwrap.dedent(end))
    return nursery.run(["gradproof", "run", "program.py"], folder, **named)  # type: ignore[arg-type]


@pytest.mark.parametrize("times", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_signals_at_random_moments(times, nursery: Nursery, tmp_path):
    """The status is the signal's, what the program wrote is there, and the record opens."""
    chance = random.Random(times)
    opened = 0
    for number in range(times):
        folder = tmp_path / str(number)
        folder.mkdir()
        kind = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[number % 3]
        done = run(nursery, folder, KILLED, kill=("go", kind), delay=chance.random() * 1.5)
        assert done.status in (-kind, 1 if kind == signal.SIGINT else -kind), done.stderr
        lines = (folder / "mine.txt").read_text().splitlines(keepends=True)
        assert lines == [f"step {index}\n" for index in range(len(lines))]
        try:
            with Record(find(str(folder), folder)) as record:
                record.answer()
                indices = [passage.step.index for passage in record.steps()]
                opened += bool(indices)
        except Unusable as problem:
            # Killed before there was anything to keep.
            assert "no run record in" in str(problem), folder  # noqa: PT017
    assert opened >= times // 2


HARD = {
    "the clock jumps": """
        real = time.time
        jumps = iter([1e9, -1e9, 3e9, 0.0] * 100)
        time.time = lambda: real() + next(jumps)
        [traced() for _ in range(50)]
        """,
    "the source changes": """
        [traced() for _ in range(5)]
        with open(__file__, "w") as file:
            file.write("# all is new\\n")
        [traced() for _ in range(45)]
        """,
    "the source is gone": """
        [traced() for _ in range(5)]
        os.unlink(__file__)
        [traced() for _ in range(45)]
        """,
    "it patches TensorFlow": """
        tape = tf.GradientTape
        real = tape.gradient
        def gradient(self, *given, **named):
            return real(self, *given, **named)
        tape.gradient = gradient
        apply = optimizer.apply_gradients
        optimizer.apply_gradients = lambda pairs: apply(list(pairs))
        [step() for _ in range(50)]
        assert tape.gradient is gradient
        """,
    "another watcher": """
        tf.debugging.enable_check_numerics()
        [traced() for _ in range(49)]
        step()
        tf.debugging.disable_check_numerics()
        """,
    "TensorBoard": """
        model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        board = tf.keras.callbacks.TensorBoard("logs", histogram_freq=1, profile_batch=0)
        model.fit(tf.ones((50, 2)), tf.ones((50, 1)), batch_size=1, verbose=0, callbacks=[board])
        assert os.listdir("logs")
        """,
    "spawned processes": """
        import multiprocessing
        [traced() for _ in range(50)]
        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            child = context.Process(target=print, args=("from the child",))
            child.start(); child.join()
            assert child.exitcode == 0
        """,
    "threads": """
        def train():
            for _ in range(25):
                traced()
        threads = [threading.Thread(target=train) for _ in range(2)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        """,
}


@pytest.mark.parametrize("name", HARD)
def test_programs_that_make_it_hard(name, nursery: Nursery, tmp_path):
    """The program ends well, its fifty steps are watched, and the report comes."""
    done = run(nursery, tmp_path, HARD[name])
    assert done.status == 0, done.stderr
    assert "stepped aside" not in done.stderr
    assert "50 steps watched" in done.stderr, done.stderr
    with Record(find(str(tmp_path), tmp_path)) as record:
        assert "ended" in record.about


def test_a_home_that_cannot_be_written(nursery: Nursery, tmp_path):
    """HOME and the folder of the program belong to somebody else: nothing is missed."""
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "program.py").write_text(START + "[traced() for _ in range(20)]; print('trained')")
    blocked = tmp_path / "file"
    blocked.write_text("")
    environment = {"HOME": str(blocked), "GRADPROOF_HOME": str(blocked / "home")}
    done = nursery.run(["gradproof", "run", "program.py"], folder, environment)
    assert (done.status, done.stdout) == (0, "trained\n")
    assert "20 steps watched" in done.stderr
    assert done.stderr.count("no run record is kept") == 1


def test_two_runs_in_one_folder(nursery: Nursery, tmp_path):
    """One starts while the other goes on: each keeps a record of its own."""
    inner = (
        "import subprocess\\n"
        "done = subprocess.run([sys.executable, '-m', 'gradproof', 'run', 'other.py'])\\n"
    ).replace("\\n", "\n")
    (tmp_path / "other.py").write_text(START + "[traced() for _ in range(30)]")
    done = run(
        nursery,
        tmp_path,
        "[traced() for _ in range(10)]\n" + inner + "[traced() for _ in range(10)]",
    )
    assert done.status == 0, done.stderr
    records = list((tmp_path / ".gradproof" / "runs").glob("*.sqlite"))
    assert len(records) == 2
    counts = []
    for path in records:
        with Record(path) as record:
            counts.append(len(list(record.steps())))
    assert sorted(counts) == [20, 30]


def test_a_loop_inside_one_call_keeps_its_beginning(nursery: Nursery, tmp_path):
    """What moved at first and then stood still has moved."""
    end = """
    rate = tf.Variable(0.01, trainable=False)
    plain = tf.keras.optimizers.SGD(1.0)
    plain.build([kernel])

    @tf.function
    def many():
        for _ in tf.range(400):
            with tf.GradientTape() as tape:
                loss = rate * tf.reduce_mean((tf.ones((3, 2)) @ kernel) ** 2)
            plain.apply_gradients(zip(tape.gradient(loss, [kernel]), [kernel]))
    many()
    rate.assign(0.0)
    many(); many(); many()
    """
    done = run(nursery, tmp_path, end)
    assert "the only variable moved" in done.stderr, done.stderr
