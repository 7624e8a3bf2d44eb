"""The real command, run in a folder; and two small programs for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GRADPROOF = str(Path(sys.executable).with_name("gradproof"))

STUCK = """\
import tensorflow as tf
from tensorflow import keras

encoder = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(4, name="code")])
decoder = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(4, name="image")])
optimizer = keras.optimizers.SGD(0.1)
x = tf.random.normal((8, 4))
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
"""
RIGHT = (
    STUCK.replace("decoder.trainable_variables", "variables")
    .replace("encoder.trainable_variables", "variables")
    .replace(
        "for _", "variables = encoder.trainable_variables + decoder.trainable_variables\nfor _"
    )
)


def ask(
    *arguments: str, cwd: Path, stdin: str | None = None, **named: str
) -> subprocess.CompletedProcess[str]:
    """Runs the real command in a folder; `named` goes into its environment."""
    return subprocess.run(
        [GRADPROOF, *arguments],
        cwd=cwd,
        env={
            **os.environ,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "GRADPROOF_HOME": str(cwd / ".gradproof"),
            **named,
        },
        **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),
        capture_output=True,
        text=True,
        timeout=120,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a refusal, checked to be just that."""
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("gradproof: ")
    return line.removeprefix("gradproof: ")
