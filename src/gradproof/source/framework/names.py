"""Which library a dotted name means, under one spelling for each."""

from __future__ import annotations

import re
from functools import lru_cache

_ROOTS = (
    ("tensorflow.compat.v2", "tf"),
    ("tensorflow.compat.v1", "tf1"),
    ("tensorflow.python.keras", "keras"),
    ("tensorflow.keras", "keras"),
    ("keras.api", "keras"),
    ("keras_core", "keras"),
    ("tf_keras", "keras"),
    ("tensorflow", "tf"),
    ("keras", "keras"),
    ("numpy", "np"),
)

_SPELLINGS = (
    (re.compile(r"^tf\.keras\b"), "keras"),
    (re.compile(r"^tf\.(?:math|dtypes|numpy)\."), "tf."),
    (re.compile(r"^keras\.(?:ops|backend|activations)\.(?:numpy\.|nn\.)?"), "keras.ops."),
    (re.compile(r"^keras\.(?:engine|src)\.(?:\w+\.)?"), "keras."),
    (re.compile(r"^keras\.optimizers\.(?:legacy|experimental)\."), "keras.optimizers."),
    (re.compile(r"^keras\.layers\.experimental\.(?:preprocessing\.)?"), "keras.layers."),
    (re.compile(r"^keras\.mixed_precision\.experimental\."), "keras.mixed_precision."),
    (re.compile(r"^tf\.(?:compat\.v2)\."), "tf."),
    (re.compile(r"^keras\.models\.(Model|Sequential)$"), r"keras.\1"),
)

_EXACT = {
    "tf.train.GradientTape": "tf.GradientTape",
    "tf.experimental.GradientTape": "tf.GradientTape",
    "tf.functions.function": "tf.function",
    "tf.python_function": "tf.py_function",
    "tf.optimizers": "keras.optimizers",
    "tf.losses": "keras.losses",
    "tf.metrics": "keras.metrics",
    "tf.initializers": "keras.initializers",
    "keras.ops.Variable": "keras.Variable",
    "keras.ops.convert_to_numpy": "np.asarray",
    "keras.ops.eval": "np.asarray",
    "keras.ops.get_value": "np.asarray",
    "keras.InputLayer": "keras.layers.InputLayer",
}

_PREFIXED = (
    ("tf.optimizers.", "keras.optimizers."),
    ("tf.losses.", "keras.losses."),
    ("tf.metrics.", "keras.metrics."),
    ("tf.initializers.", "keras.initializers."),
)


@lru_cache(4096)
def canonical(dotted: str) -> str:
    """One spelling for a dotted name of a library.

    `tensorflow.keras.layers.Dense`, `tf_keras.layers.Dense` and
    `keras.api.layers.Dense` are all `keras.layers.Dense`; `tf.math.argmax` is
    `tf.argmax`. Names of other libraries stay as they are.
    """
    for root, short in _ROOTS:
        if dotted == root or dotted.startswith(root + "."):
            dotted = short + dotted[len(root) :]
            break
    return respelled(dotted)


@lru_cache(4096)
def respelled(dotted: str) -> str:
    """`canonical` for a name that already begins with the short root."""
    for pattern, replacement in _SPELLINGS:
        dotted = pattern.sub(replacement, dotted)
    for prefix, replacement in _PREFIXED:
        if dotted.startswith(prefix):
            dotted = replacement + dotted[len(prefix) :]
    return _EXACT.get(dotted, dotted)


def last(dotted: str) -> str:
    """The last part of a dotted name."""
    return dotted.rsplit(".", 1)[-1]
