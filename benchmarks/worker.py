"""One training program for overhead.py: waits for orders, times its own steps.

    python worker.py WORKLOAD [--check-numerics]
    gradproof run worker.py WORKLOAD

Orders come on stdin, one a line; each is answered by one line of JSON on stdout:
`go N` (seconds for N steps), `first` (seconds for the first step of a model
built anew, tracing included), `memory` (peak, in bytes), `stop`.
"""

# ruff: noqa: B905 - the loop is written as users write theirs

import json
import sys
import time

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


def mlp():
    """The smallest step that still makes sense: about 0.4 ms."""
    model = keras.Sequential(
        [keras.Input((32,)), layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(10)]
    )
    return model, tf.random.normal((32, 32)), tf.random.uniform((32,), maxval=10, dtype=tf.int32)


def cnn():
    """Two convolutions with BatchNorm and dropout on 32 x 32 images."""
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(16, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )
    return (
        model,
        tf.random.normal((32, 32, 32, 3)),
        tf.random.uniform((32,), maxval=10, dtype=tf.int32),
    )


def transformer(width=64, depth=2, length=64, vocabulary=1000):
    """Two blocks of attention over 64 tokens, the next token as target."""
    tokens = keras.Input((length,), dtype="int32")
    x = layers.Embedding(vocabulary, width)(tokens)
    for _ in range(depth):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, width // 4)(y, y, use_causal_mask=True)
        y = layers.LayerNormalization()(x)
        x = x + layers.Dense(width)(layers.Dense(4 * width, "gelu")(y))
    model = keras.Model(tokens, layers.Dense(vocabulary)(layers.LayerNormalization()(x)))
    text = tf.random.uniform((8, length + 1), maxval=vocabulary, dtype=tf.int32)
    return model, text[:, :-1], text[:, 1:]


WORKLOADS = {
    "mlp": (mlp, {}),
    "cnn": (cnn, {}),
    "transformer": (transformer, {}),
    "cnn-jit": (cnn, {"jit_compile": True}),
    "cnn-eager": (cnn, None),
}
"""Builder, and the arguments of `tf.function`; `None` runs the step eagerly."""


def build(workload):
    """Makes a model with its optimizer and gives a function that trains once."""
    keras.utils.set_random_seed(1)
    builder, traced = WORKLOADS[workload]
    model, x, y = builder()
    loss_object = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_object(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    if traced is not None:
        step = tf.function(step, **traced)
    return lambda: step(x, y), sum(int(np.prod(v.shape)) * 4 for v in model.variables)


def timed(step, count):
    """Runs steps and waits for the last one; gives seconds for all."""
    start = time.perf_counter()
    for _ in range(count):
        loss = step()
    float(loss)
    return time.perf_counter() - start


def peak_memory():
    """Peak resident memory of this process in bytes (Linux)."""
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main():
    """Builds the workload, runs its first step, then follows orders."""
    workload = sys.argv[1]
    if "--check-numerics" in sys.argv:
        tf.debugging.enable_check_numerics()
    step, size = build(workload)
    ready = {
        "first": timed(step, 1),
        "variables": size,
        "versions": f"TensorFlow {tf.__version__}, Keras {keras.__version__}",
    }
    print(json.dumps(ready), flush=True)
    for order in sys.stdin:
        verb, _, count = order.strip().partition(" ")
        if verb == "stop":
            break
        if verb == "go":
            answer = timed(step, int(count))
        elif verb == "first":
            answer = timed(build(workload)[0], 1)
        else:
            answer = peak_memory()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
