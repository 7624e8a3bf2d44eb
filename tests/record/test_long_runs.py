"""A step late in a long run costs what an early one did, in time and memory."""

from __future__ import annotations

import json

import pytest

from nursery import Nursery

LONG = """
import json, time
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
model = tf.keras.Sequential([tf.keras.layers.Dense(16, "relu"), tf.keras.layers.Dense(1)])
model.build((None, 8))
optimizer = tf.keras.optimizers.Adam(1e-3)
x = tf.random.normal((32, 8))
y = tf.reduce_sum(x, 1, keepdims=True)

@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

parts = []
for part in range(10):
    start = time.process_time()
    for _ in range(2_000):
        step(x, y)
    parts.append((time.process_time() - start, resident()))
print(json.dumps(parts))
"""


@pytest.mark.tensorflow
@pytest.mark.slow
def test_time_and_memory_stay_flat(nursery: Nursery, tmp_path):
    """Twenty thousand steps, in ten parts; the first two warm up."""
    (tmp_path / "program.py").write_text(LONG)
    done = nursery.run(["gradproof", "run", "program.py"], tmp_path)
    assert done.status == 0, done.stderr
    assert "20000 steps watched" in done.stderr
    parts = json.loads(done.stdout)
    seconds = [part[0] for part in parts]
    megabytes = [part[1] for part in parts]
    assert megabytes[-1] - megabytes[1] < 16
    assert min(seconds[6:]) < 1.3 * min(seconds[1:5])
