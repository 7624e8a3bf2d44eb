"""What the reader knows about TensorFlow and Keras, asked of the installed ones."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from gradproof.source import api

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf() -> Any:
    """TensorFlow, imported once."""
    return importlib.import_module("tensorflow")


def optimizers(generation: str) -> Any:
    """A fresh optimizer of each generation."""
    return importlib.import_module({"3": "keras", "2": "tf_keras"}[generation])


UNARY = {
    "tf.argmax": "none",
    "tf.argmin": "none",
    "tf.argsort": "none",
    "tf.round": "none",
    "tf.floor": "none",
    "tf.math.ceil": "none",
    "tf.sign": "zero",
    "tf.math.rint": "none",
    "tf.math.count_nonzero": "none",
    "tf.math.is_nan": "none",
    "tf.math.is_inf": "none",
    "tf.math.is_finite": "none",
    "tf.zeros_like": "none",
    "tf.ones_like": "none",
    "tf.shape": "none",
    "tf.size": "none",
    "tf.rank": "none",
    "tf.stop_gradient": "none",
    "tf.abs": "live",
    "tf.square": "live",
    "tf.sqrt": "live",
    "tf.exp": "live",
    "tf.math.log": "live",
    "tf.math.log1p": "live",
    "tf.math.expm1": "live",
    "tf.tanh": "live",
    "tf.sigmoid": "live",
    "tf.nn.relu": "live",
    "tf.nn.leaky_relu": "live",
    "tf.nn.elu": "live",
    "tf.nn.selu": "live",
    "tf.nn.gelu": "live",
    "tf.nn.silu": "live",
    "tf.nn.softplus": "live",
    "tf.nn.softsign": "live",
    "tf.nn.log_softmax": "live",
    "tf.nn.l2_loss": "live",
    "tf.negative": "live",
    "tf.sin": "live",
    "tf.cos": "live",
    "tf.math.rsqrt": "live",
    "tf.math.reciprocal": "live",
    "tf.math.erf": "live",
    "tf.identity": "live",
    "tf.reduce_mean": "live",
    "tf.reduce_sum": "live",
    "tf.reduce_max": "live",
    "tf.reduce_min": "live",
    "tf.reduce_prod": "live",
    "tf.math.reduce_std": "live",
    "tf.math.reduce_variance": "live",
    "tf.reduce_logsumexp": "live",
    "tf.norm": "live",
    "tf.sort": "live",
}
"""Operations of one argument: what becomes of a gradient at a smooth point."""


def _operation(tf: Any, name: str) -> Any:
    found = tf
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", sorted(UNARY))
def test_gradient_of_an_operation(tf: Any, name: str):
    """None, exactly zero, or alive, as the table of the reader says."""
    variable = tf.Variable([0.3, 1.7, 0.9, 2.2])
    with tf.GradientTape() as tape:
        result = _operation(tf, name)(variable)
        target = tf.reduce_sum(tf.cast(result, "float32") * 1.5)
    gradient = tape.gradient(target, variable)
    outcome = "none" if gradient is None else "live" if tf.reduce_any(gradient != 0.0) else "zero"
    if outcome == "live":
        assert bool(tf.reduce_all(tf.math.is_finite(gradient)))
    assert outcome == UNARY[name]
    short = name.rsplit(".", 1)[1]
    cuts = short in api.NONDIFFERENTIABLE | api.FORGETTING | api.STOPPING
    assert cuts == (outcome != "live"), f"the reader takes `{short}` for something else"


def test_other_operations_cut(tf: Any):
    """Operations of several arguments that the reader says no gradient passes."""
    cases = {
        "equal": lambda v: tf.equal(v, 1.0),
        "greater": lambda v: tf.greater(v, 1.0),
        "less_equal": lambda v: tf.less_equal(v, 1.0),
        "floordiv": lambda v: tf.math.floordiv(v, 0.5),
        "searchsorted": lambda v: tf.searchsorted([0.0, 1.0], v),
        "bincount": lambda v: tf.math.bincount(tf.cast(v, "int32")),
        "one_hot": lambda v: tf.one_hot(tf.cast(v, "int32"), 4),
        "histogram_fixed_width": lambda v: tf.histogram_fixed_width(v, [0.0, 2.0]),
    }
    for short, operation in cases.items():
        variable = tf.Variable([0.3, 1.7, 0.9, 1.2])
        with tf.GradientTape() as tape:
            target = tf.reduce_sum(tf.cast(operation(variable), "float32"))
        assert tape.gradient(target, variable) is None, short
        assert short in api.NONDIFFERENTIABLE


def test_sparse_gradients_and_python(tf: Any):
    """Numbers and sparse gradients make Python's operators raise; tensors do not."""
    sparse = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0]), tf.constant([3, 2]))
    for refused in (lambda: sparse * 2.0, lambda: 2.0 * sparse, lambda: sparse + sparse):
        with pytest.raises(TypeError):
            refused()
    dense = tf.ones((3, 2))
    for taken in (lambda: dense + sparse, lambda: sparse + dense, lambda: dense * sparse):
        taken()


@pytest.mark.parametrize("generation", ["3", "2"])
def test_names_that_are_gone(generation: str):
    """No object of a generation has a name that the reader says is gone."""
    keras = optimizers(generation)
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    things = {
        "optimizer": keras.optimizers.Adam(),
        "metric": keras.metrics.Mean(),
        "model": model,
    }
    for (kind, of), names in api.GONE.items():
        there = [name for name in names if of == generation and hasattr(things[kind], name)]
        assert there == [], (kind, of)


@pytest.mark.parametrize("generation", ["3", "2"])
def test_names_that_never_were(tf: Any, generation: str):
    """What is misspelt is not there, and what was meant is."""
    keras = optimizers(generation)
    things = {
        "tape": tf.GradientTape(),
        "optimizer": keras.optimizers.Adam(),
        "model": keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)]),
    }
    for kind, names in api.MISSPELT.items():
        there = [name for name in names if hasattr(things[kind], name)]
        assert there == [], kind
        gone = [meant for meant in names.values() if not hasattr(things[kind], meant)]
        assert gone in ([], ["minimize"]), kind


def test_old_arguments():
    """Keras 3 refuses `lr`; setting it afterwards changes no rate."""
    keras = optimizers("3")
    with pytest.raises(ValueError, match="lr"):
        keras.optimizers.Adam(lr=0.5)
    optimizer = keras.optimizers.Adam(0.25)
    optimizer.lr = 0.5
    assert float(optimizer.learning_rate) == 0.25
