"""Several workers: each keeps a record, and one report speaks for all."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import versions
from gradproof.record import Record, ready
from gradproof.record.folder import NEWEST
from gradproof.task import task

GRADPROOF = str(Path(sys.executable).with_name("gradproof"))

PROGRAM = """
import sys, time
import tensorflow as tf

strategy = tf.distribute.MultiWorkerMirroredStrategy()
tf.keras.utils.set_random_seed(1)
with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
    optimizer = tf.keras.optimizers.SGD(0.05)
x = tf.random.stateless_normal((64, 4), (1, 2))
data = tf.data.Dataset.from_tensor_slices((x, tf.reduce_sum(x, 1, keepdims=True)))
data = data.batch(8).repeat()
options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = getattr(
    tf.data.experimental.AutoShardPolicy, sys.argv[1]
)
if sys.argv[1] == "OFF":
    data = strategy.distribute_datasets_from_function(lambda context: data)
else:
    data = strategy.experimental_distribute_dataset(data.with_options(options))

def replica_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(x) - y)) / 16
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

@tf.function
def step(x, y):
    strategy.run(replica_step, args=(x, y))

for number, (x, y) in zip(range(int(sys.argv[2])), data):
    step(x, y)
    if number == 3:
        print("go", flush=True)
    time.sleep(float(sys.argv[3]))
"""


def config(count: int) -> dict[str, list[str]]:
    """A cluster of workers on this machine."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("localhost", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return {"worker": [f"localhost:{port}" for port in ports]}


def started(count: int, folder: Path, *arguments: str) -> list[subprocess.Popen[str]]:
    """The workers of a job, each under `gradproof run`."""
    (folder / "train.py").write_text(PROGRAM)
    cluster = config(count)
    processes = []
    for index in range(count):
        here = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        environment = {"TF_CONFIG": here, "GRADPROOF_HOME": str(folder / ".gradproof")}
        processes.append(
            subprocess.Popen(
                [GRADPROOF, "run", "train.py", *arguments],
                cwd=folder,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    return processes


def report(folder: Path, *options: str) -> str:
    """What `gradproof report` says of the folder."""
    done = subprocess.run(
        [GRADPROOF, "report", *options, str(folder / ".gradproof")], capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.tensorflow
def test_two_workers_keep_a_record_each(tmp_path: Path):
    """The first one reports for both: how far they came, and that they did the same work."""
    workers = started(2, tmp_path, "OFF", "12", "0")
    answers = [worker.communicate(timeout=170) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], answers
    kept = (path.name for path in (tmp_path / ".gradproof" / "runs").iterdir())
    # They begin with the second in which each worker began.
    names = sorted(kept, key=lambda name: name.partition("-worker")[2])
    assert ["-worker0-" in names[0], "-worker1-" in names[1]] == [True, True]
    first, second = (stderr for _, stderr in answers)
    for index in (0, 1):
        assert f"worker {index}         12  " in first
        assert f"worker {index}  " not in second
    assert "12 steps watched, both variables moved (SGD)" in first
    assert "12 steps watched, both variables moved (SGD)" in second
    if "replicas-see-same-data" not in versions.otherwise():
        assert "advice[GP611]" in first
        assert "replica 0 of worker 0, replica 0 of worker 1 had the same gradient" in first
    assert report(tmp_path) in first
    form = json.loads(report(tmp_path, "--format", "json"))
    assert [(one["name"], one["steps"], one["ended"]) for one in form["workers"]] == [
        ("worker 0", 12, True),
        ("worker 1", 12, True),
    ]
    with Record(tmp_path / ".gradproof" / "runs" / names[1]) as record:
        assert record.about["task"] == "worker 1"
        digests = record.worker().digests
    assert {one.updates for one in digests} >= {1, 2, 3, 10, 12}


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_worker_that_is_killed(tmp_path: Path):
    """The records of all four can be read, and the report says who stopped when."""
    workers = started(4, tmp_path, "DATA", "100000", "0.01")
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "go\n"
        time.sleep(5)
        workers[2].send_signal(signal.SIGKILL)
        time.sleep(8)
        for worker in workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    form = json.loads(report(tmp_path, "--format", "json"))
    assert [one["name"] for one in form["workers"]] == [f"worker {index}" for index in range(4)]
    steps = [one["steps"] for one in form["workers"]]
    assert min(steps) > 4
    last = [one["last"] for one in form["workers"]]
    assert last[2] <= min(last)
    assert not any(diagnosis["level"] == "error" for diagnosis in form["diagnoses"])
    text = report(tmp_path)
    assert "was the first to stop, after" in text
    assert "GP611" not in text


CLUSTER = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}


def test_the_task_is_read_as_tensorflow_reads_it():
    """Name, number of workers, and a job that is the same for all of them."""
    found = task(json.dumps(CLUSTER))
    assert found is not None
    assert (found.name, found.workers, found.leads) == ("worker 1", 2, False)
    other = task(json.dumps({**CLUSTER, "task": {"type": "chief", "index": 0}}))
    assert other is not None
    assert (other.leads, other.job) == (True, found.job)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"cluster": {}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}',
        json.dumps({**CLUSTER, "task": {"type": "../../x", "index": 0}}),
        json.dumps({**CLUSTER, "task": {"type": "worker", "index": -1}}),
        json.dumps({**CLUSTER, "task": {"type": "worker", "index": "one"}}),
        json.dumps({**CLUSTER, "task": None}),
        "[" * 100_000,
    ],
)
def test_alone_or_nonsense(text: str):
    """One process trains alone; what makes no sense is TensorFlow's to tell."""
    assert task(text) is None


def test_a_job_counts_as_one_run(tmp_path: Path):
    """Old records go, but never those of the job that is just beginning."""
    folder = tmp_path / "runs"
    folder.mkdir()
    for number in range(NEWEST + 5):
        path = folder / f"20260101-0000{number:02}-train-{number}.sqlite"
        path.touch()
        os.utime(path, (number, number))
    job = [folder / f"20260102-000000-train-job0123abcd-worker{n}-{n}.sqlite" for n in range(40)]
    for path in job[1:]:
        path.touch()
    ready(job[0])
    left = set(folder.iterdir())
    assert set(job[1:]) <= left
    assert len(left) == len(job) - 1 + NEWEST - 1
