"""One training program for overhead.py: waits for orders, times its own steps.

    python worker.py WORKLOAD [--check-numerics | --CURT_HEALTH | --FULL_HEALTH]
    gradproof run worker.py WORKLOAD

Orders come on stdin, one a line; each is answered by one line of JSON on stdout:
`go N` (seconds of each of N steps; under `fit` their mean alone), `first` (seconds for the
first step of a model built anew, tracing included), `memory` (peak, in bytes), `stop`.
"""

# ruff: noqa: B905 - the loop is written as users write theirs

import gc
import json
import sys
import tempfile
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


def lstm(width=64, length=32):
    """One recurrent layer over 32 steps: a `while` loop in the graph."""
    model = keras.Sequential(
        [keras.Input((length, 16)), layers.LSTM(width), layers.Dense(32, "relu"), layers.Dense(10)]
    )
    return (
        model,
        tf.random.normal((32, length, 16)),
        tf.random.uniform((32,), maxval=10, dtype=tf.int32),
    )


def embedding(vocabulary=50_000, width=32):
    """A large table of which each step changes a few rows."""
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(vocabulary, width),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, "relu"),
            layers.Dense(10),
        ]
    )
    return (
        model,
        tf.random.uniform((64, 16), maxval=vocabulary, dtype=tf.int32),
        tf.random.uniform((64,), maxval=10, dtype=tf.int32),
    )


def supervised(builder, traced):
    """A step of a classifier with Adam; `traced` is for `tf.function`, `None` for eager."""
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
    return repeated(lambda: step(x, y)), model.variables


def gan():
    """Two networks, two tapes and two optimizers in one step."""
    make = keras.layers.Dense
    generator = keras.Sequential([keras.Input((16,)), make(64, "relu"), make(64, "relu"), make(32)])
    critic = keras.Sequential([keras.Input((32,)), make(64, "relu"), make(64, "relu"), make(1)])
    for_generator, for_critic = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
    for_generator.build(generator.trainable_variables)
    for_critic.build(critic.trainable_variables)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    real = tf.random.normal((64, 32))

    @tf.function
    def step(real):
        noise = tf.random.normal((64, 16))
        with tf.GradientTape() as one, tf.GradientTape() as two:
            right, wrong = critic(real), critic(generator(noise))
            mine = cross_entropy(tf.ones_like(wrong), wrong)
            loss = cross_entropy(tf.ones_like(right), right) + cross_entropy(
                tf.zeros_like(wrong), wrong
            )
        gradients = one.gradient(mine, generator.trainable_variables)
        for_generator.apply_gradients(zip(gradients, generator.trainable_variables))
        gradients = two.gradient(loss, critic.trainable_variables)
        for_critic.apply_gradients(zip(gradients, critic.trainable_variables))
        return loss

    return repeated(lambda: step(real)), generator.variables + critic.variables


def fitted():
    """The CNN under `fit`; a block of steps is one epoch."""
    model, x, y = cnn()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    data = tf.data.Dataset.from_tensors((x, y)).repeat()

    def steps(count):
        start = time.perf_counter()
        model.fit(data, steps_per_epoch=count, verbose=0)
        return [(time.perf_counter() - start) / count]

    return steps, model.variables


def repeated(step):
    """Gives a function that takes a step so many times and gives the seconds of each."""

    def steps(count):
        seconds = []
        for _ in range(count):
            start = time.perf_counter()
            float(step())
            seconds.append(time.perf_counter() - start)
        return seconds

    return steps


WORKLOADS = {
    "mlp": lambda: supervised(mlp, {}),
    "cnn": lambda: supervised(cnn, {}),
    "lstm": lambda: supervised(lstm, {}),
    "transformer": lambda: supervised(transformer, {}),
    "gan": gan,
    "embedding": lambda: supervised(embedding, {}),
    "cnn-fit": fitted,
    "cnn-jit": lambda: supervised(cnn, {"jit_compile": True}),
    "cnn-eager": lambda: supervised(cnn, None),
}
"""Each gives a function that makes so many steps, and the variables."""


def build(workload):
    """Makes a model with its optimizer; gives what trains it, and bytes of its variables."""
    keras.utils.set_random_seed(1)
    steps, variables = WORKLOADS[workload]()
    return steps, sum(int(np.prod(v.shape)) * 4 for v in variables)


def watch_otherwise(how):
    """Turns on one of TensorFlow's own watchers."""
    if how == "--check-numerics":
        tf.debugging.enable_check_numerics()
    elif how:
        tf.debugging.experimental.enable_dump_debug_info(
            tempfile.mkdtemp(), tensor_debug_mode=how.removeprefix("--"), circular_buffer_size=1000
        )


def timed(steps, count):
    """Gives the seconds that so many steps take, after what is garbage was collected.

    A whole collection takes 0.2 s once TensorFlow is there, and would fall into the first
    step of one mode and not of another.
    """
    gc.collect()
    start = time.perf_counter()
    steps(count)
    return time.perf_counter() - start


def peak_memory():
    """Peak resident memory of this process in bytes (Linux)."""
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main():
    """Builds the workload, runs its first step, then follows orders."""
    workload = sys.argv[1]
    watch_otherwise(sys.argv[2] if len(sys.argv) > 2 else "")
    steps, size = build(workload)
    ready = {
        "first": timed(steps, 1),
        "variables": size,
        "versions": f"TensorFlow {tf.__version__}, Keras {keras.__version__}",
    }
    print(json.dumps(ready), flush=True)
    for order in sys.stdin:
        verb, _, count = order.strip().partition(" ")
        if verb == "stop":
            break
        if verb == "go":
            answer = steps(int(count))
        elif verb == "first":
            answer = timed(build(workload)[0], 1)
        else:
            answer = peak_memory()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
