"""Long runs and large models under `gradproof run`: do time, memory and record stay flat?

    python benchmarks/long.py                     # a million steps, in one call and by calls
    python benchmarks/long.py large --steps 300   # 2,000 variables, 100 million parameters
    python benchmarks/long.py soak --minutes 60   # retracing, exceptions, restarts

Each run is a program of its own under `gradproof run`. It notes its time and resident memory after
every hundredth part; slopes are least squares over the second half of these. With `--bare`, `same`
says whether the last loss of the large model is that of the bare run, to the last bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GRADPROOF = [sys.executable, "-m", "gradproof"]

START = """
import json, os, sys, time
import tensorflow as tf

def note(step):
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    print(json.dumps([step, time.perf_counter(), pages * 4096]), flush=True)

steps = int(sys.argv[1])
part = max(1, steps // 100)
"""

SMALL = """
kernel = tf.Variable([[0.5], [0.25]])
x, y = tf.ones((4, 2)), tf.ones((4, 1))
optimizer = tf.keras.optimizers.SGD(1e-4)
optimizer.build([kernel])

def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ kernel - y))
    optimizer.apply_gradients(zip(tape.gradient(loss, [kernel]), [kernel]))
"""

PROGRAMS = {
    "inside": START
    + SMALL
    + """
@tf.function
def many(count):
    for _ in tf.range(count):
        step()

for number in range(0, steps, part):
    many(tf.constant(part))
    note(number + part)
""",
    "calls": START
    + SMALL
    + """
traced = tf.function(step)
for number in range(1, steps + 1):
    traced()
    if number % part == 0:
        note(number)
""",
    "large": START
    + """
variables = [
    tf.Variable(tf.random.stateless_normal((50_000,), (number, 1)), name=f"v{number}")
    for number in range(2000)
]
optimizer = tf.keras.optimizers.SGD(1e-3)
optimizer.build(variables)

@tf.function
def traced():
    with tf.GradientTape() as tape:
        loss = tf.add_n([tf.reduce_sum(tf.square(one)) for one in variables]) / 1e8
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss

note(0)
for number in range(1, steps + 1):
    loss = traced()
    if number % part == 0 or number == 1:
        note(number)
print("loss", float(loss).hex())
""",
    "soak": START
    + SMALL
    + """
import random
kernel2 = tf.Variable([[0.5], [0.25]])
end = time.monotonic() + float(sys.argv[2])
number = 0
while time.monotonic() < end:
    @tf.function
    def traced(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ kernel - tf.ones((1, 1))))
            tf.debugging.assert_less(tf.shape(x)[0], 40)
        optimizer.apply_gradients(zip(tape.gradient(loss, [kernel]), [kernel]))
    for _ in range(200):
        try:
            traced(tf.ones((random.randint(1, 44), 2)))
        except tf.errors.InvalidArgumentError:
            pass
        try:
            step()
            if random.random() < 0.05:
                raise ValueError("of the program's own")
        except ValueError:
            pass
        number += 1
    note(number)
""",
}


def run(kind: str, arguments: list[str], bare: bool = False) -> dict[str, object]:
    """Runs one program to its end and measures."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.py").write_text(PROGRAMS[kind])
        command = [sys.executable] if bare else [*GRADPROOF, "run"]
        begin = time.perf_counter()
        done = subprocess.run(
            [*command, "program.py", *arguments],
            cwd=folder,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "GRADPROOF_HOME": f"{folder}/home"},
            capture_output=True,
            text=True,
        )
        whole = time.perf_counter() - begin
        notes = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
        found = {"kind": kind + (" bare" if bare else ""), "status": done.returncode}
        found |= {"seconds": round(whole, 1), **slopes(notes)}
        found["loss"] = done.stdout.partition("\nloss ")[2].strip() or None
        if bare:
            return found
        found["last"] = done.stderr.strip().splitlines()[-1:]
        records = list(Path(folder, "home", "runs").glob("*.sqlite"))
        found["record_mb"] = round(sum(one.stat().st_size for one in records) / 1e6, 2)
        begin = time.perf_counter()
        report = subprocess.run(
            [*GRADPROOF, "report", "--exit-zero", f"{folder}/home"], capture_output=True
        )
        found["report_seconds"] = round(time.perf_counter() - begin, 2)
        found["report_status"] = report.returncode
        return found


def slopes(notes: list[list[float]]) -> dict[str, object]:
    """Time a step early and late, and how memory grows over the second half."""
    if len(notes) < 4:
        return {"notes": notes}
    quarter = len(notes) // 4

    def pace(part: list[list[float]]) -> float:
        return (part[-1][1] - part[0][1]) / (part[-1][0] - part[0][0]) * 1e6

    late = notes[len(notes) // 2 :]
    mean_step = sum(one[0] for one in late) / len(late)
    mean_bytes = sum(one[2] for one in late) / len(late)
    above = sum((one[0] - mean_step) * (one[2] - mean_bytes) for one in late)
    below = sum((one[0] - mean_step) ** 2 for one in late)
    return {
        "steps": notes[-1][0],
        "us_second_quarter": round(pace(notes[quarter : 2 * quarter + 1]), 1),
        "us_last_quarter": round(pace(notes[-quarter - 1 :]), 1),
        "first_step_s": round(notes[1][1] - notes[0][1], 2) if notes[0][0] == 0 else None,
        "mb_start": round(notes[0][2] / 1e6, 1),
        "mb_end": round(notes[-1][2] / 1e6, 1),
        "mb_by_tenths": [round(one[2] / 1e6) for one in notes[:: max(1, len(notes) // 10)]],
        "bytes_per_1000_steps": round(above / below * 1000),
    }


def soak(minutes: float) -> dict[str, object]:
    """Starts again and again; some runs end by themselves, some are killed."""
    end = time.monotonic() + 60 * minutes
    starts = killed = broken = 0
    steps = 0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.py").write_text(PROGRAMS["soak"])
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRADPROOF_HOME": f"{folder}/home"}
        while time.monotonic() < end:
            seconds = random.choice((20, 40, 90))
            process = subprocess.Popen(
                [*GRADPROOF, "run", "--exit-zero", "program.py", "0", str(seconds)],
                cwd=folder,
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            starts += 1
            try:
                out, err = process.communicate(timeout=random.choice((15, 30, 600)))
            except subprocess.TimeoutExpired:
                process.send_signal(random.choice((signal.SIGTERM, signal.SIGKILL, signal.SIGINT)))
                out, err = process.communicate()
                killed += 1
            steps += max((json.loads(x)[0] for x in out.splitlines() if x[:1] == "["), default=0)
            report = subprocess.run(
                [*GRADPROOF, "report", "--exit-zero", f"{folder}/home"], capture_output=True
            )
            bad = "Traceback" in err and "KeyboardInterrupt" not in err
            broken += bool(report.returncode) or "stepped aside" in err or bad
        size = sum(one.stat().st_size for one in Path(folder, "home", "runs").iterdir()) / 1e6
    return {
        "minutes": minutes,
        "starts": starts,
        "killed": killed,
        "rounds": steps,
        "broken": broken,
        "records_mb": round(size, 1),
    }


def main() -> None:
    """Runs what was asked for; a line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=["inside", "calls"])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--bare", action="store_true", help="the same without gradproof, too")
    given = parser.parse_args()
    for kind in given.kinds:
        if kind == "soak":
            print(json.dumps(soak(given.minutes)), flush=True)
            continue
        watched = run(kind, [str(given.steps)])
        print(json.dumps(watched), flush=True)
        if given.bare:
            bare = run(kind, [str(given.steps)], bare=True)
            print(json.dumps(bare | {"same": watched.get("loss") == bare.get("loss")}), flush=True)


if __name__ == "__main__":
    main()
