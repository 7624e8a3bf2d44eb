"""What the reader knows about TensorFlow and Keras, asked of the installed ones."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import versions
from gradproof.evidence import operations
from gradproof.source.framework import api

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf() -> Any:
    """TensorFlow, imported once."""
    return importlib.import_module("tensorflow")


def optimizers(generation: str) -> Any:
    """A fresh optimizer of each generation."""
    return versions.keras(generation)


HOMES = (
    "tf",
    "tf.math",
    "tf.nn",
    "tf.linalg",
    "tf.random",
    "tf.strings",
    "tf.debugging",
    "tf.data.experimental",
    "keras.ops",
    "keras.random",
    "tf_keras.backend",
    "tf.compat.v1",
    "tf.raw_ops",
    "np",
)
"""Where programs find functions, in the order of asking."""

RECIPES: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda f, v: f(v, v),
    "atan2": lambda f, v: f(v, 2.0),
    "bincount": lambda f, v: f([0, 1, 1]),
    "bitcast": lambda f, v: f(v, "int32"),
    "cast": lambda f, v: f(v, "float64"),
    "categorical": lambda f, v: f(v[None], 3),
    "clip": lambda f, v: f(v, 0.5, 2.0),
    "clip_by_value": lambda f, v: f(v, 0.5, 2.0),
    "concat": lambda f, v: f([v, v], 0),
    "cond": lambda f, v: f(v[0] > 0.0, lambda: v, lambda: -v),
    "digitize": lambda f, v: f(v, [0.5]),
    "foldl": lambda f, v: f(lambda a, b: a + b, v),
    "foldr": lambda f, v: f(lambda a, b: a + b, v),
    "full_like": lambda f, v: f(v, 2.0),
    "gather": lambda f, v: f(v, [0, 1]),
    "histogram_fixed_width": lambda f, v: f(v, [0.0, 3.0]),
    "histogram_fixed_width_bins": lambda f, v: f(v, [0.0, 3.0]),
    "in_top_k": lambda f, v: f([0], v[None], 2),
    "invert_permutation": lambda f, v: f([1, 0]),
    "logical_not": lambda f, v: f(v > 0.5),
    "map_fn": lambda f, v: f(lambda a: 2.0 * a, v),
    "multi_hot": lambda f, v: f(np.array([1, 2]), num_classes=4),
    "numpy_function": lambda f, v: f(lambda a: a, [v], "float32"),
    "one_hot": lambda f, v: f([0, 1], 3),
    "pow": lambda f, v: f(v, 1.5),
    "py_func": lambda f, v: f(lambda a: a, [v], "float32"),
    "recompute_grad": lambda f, v: f(lambda a: 2.0 * a)(v),
    "reshape": lambda f, v: f(v, (2, 2)),
    "scan": lambda f, v: f(lambda a, b: a + b, v),
    "searchsorted": lambda f, v: f([0.0, 1.0], v),
    "sequence_mask": lambda f, v: f([1, 2]),
    "squared_difference": lambda f, v: f(v, 1.0),
    "string_to_number": lambda f, v: f(["1.0"]),
    "as_string": lambda f, v: len(f(v)),
    "vectorized_map": lambda f, v: f(lambda a: 2.0 * a, v),
    "where": lambda f, v: f(v > 0.5, v, 0.0),
    "while_loop": lambda f, v: f(lambda i, a: i < 2, lambda i, a: (i + 1, 2.0 * a), (0, v))[1],
    **dict.fromkeys(
        "divide divide_no_nan floordiv floor_divide equal not_equal greater greater_equal less "
        "less_equal maximum minimum multiply subtract xdivy xlogy".split(),
        lambda f, v: f(v, 0.7),
    ),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), lambda f, v: f(v > 0.5, v < 2.0)),
    **dict.fromkeys(("any", "all", "reduce_any", "reduce_all"), lambda f, v: f(v > 0.5)),
    **dict.fromkeys(("acos", "asin", "atanh"), lambda f, v: f(v / 4.0)),
    "acosh": lambda f, v: f(v + 1.0),
}
"""How to call what takes more than one tensor."""

WITHOUT_VALUES = frozenset(
    """zeros ones fill full empty eye range arange linspace normal uniform truncated_normal
    stateless_normal stateless_uniform random_normal random_uniform cardinality""".split()
)
"""They are given sizes and settings, no tensor that a gradient could be asked for."""

EXPECTED = {
    "none": {"none"},
    "zero": {"zero", "none"},
    "forgets": {"none"},
    "stops": {"none"},
    "flows": {"live"},
    "steep": {"live"},
    "sided": {"live"},
    "calls": {"live"},
}
"""What TensorFlow answers at a smooth point, by effect."""

ASKED = sorted(
    (row.effect, name)
    for row in operations.TABLE
    if row.effect in EXPECTED
    for name in row.functions
    if name not in WITHOUT_VALUES | {"StopGradient"}
)


def _found(name: str) -> Any:
    """The function of that name, from where programs take it."""
    roots = {"tf": "tensorflow", "np": "numpy"}
    for home in HOMES:
        root, *path = home.split(".")
        thing = importlib.import_module(roots.get(root, root))
        for part in [*path, name]:
            thing = getattr(thing, part, None)
        if thing is not None:
            return thing
    versions.skip_if_otherwise(name)
    raise AssertionError(f"nobody has `{name}`")


@pytest.mark.parametrize(("effect", "name"), ASKED)
def test_gradient_of_a_function(tf: Any, effect: str, name: str):
    """None, zero, or finite and alive, as the table says."""
    versions.skip_if_otherwise(name)
    variable = tf.Variable([0.3, 1.7, 0.9, 1.2])
    function = _found(name)
    with tf.GradientTape() as tape:
        result = RECIPES.get(name, lambda f, v: f(v))(function, variable)
        parts = tf.nest.flatten(result)
        target = sum(tf.reduce_sum(tf.cast(part, "float32") ** 2) for part in parts)
    try:
        gradient = tape.gradient(target, variable) if isinstance(target, tf.Tensor) else None
    except LookupError:
        # TensorFlow says aloud that this one has none.
        gradient = None
    outcome = "none"
    if gradient is not None:
        gradient = tf.convert_to_tensor(gradient)
        assert bool(tf.reduce_all(tf.math.is_finite(gradient)))
        outcome = "live" if bool(tf.reduce_any(gradient != 0.0)) else "zero"
    assert outcome in EXPECTED[effect]


def test_every_function_is_somewhere(tf: Any):
    """No name of the table is made up, and none is there twice."""
    names = [name for row in operations.TABLE for name in row.functions]
    assert len(names) == len(set(names))
    elsewhere = {"StopGradient", "debugging", "Assert", "print"}
    for name in set(names) - elsewhere - set(versions.otherwise()):
        _found(name)
    assert {row.effect for row in operations.TABLE} <= operations.EFFECTS


def test_every_type_is_an_operation(tf: Any):
    """Each type in the table is one that TensorFlow knows."""
    registry = importlib.import_module("tensorflow.python.framework.op_def_registry")
    names = [name for row in operations.TABLE for name in row.types]
    assert len(names) == len(set(names))
    assert [name for name in names if registry.get(name) is None] == []


def test_python_functions_are_opaque(tf: Any):
    """`numpy_function` has no gradient."""
    variable = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        target = tf.reduce_sum(tf.numpy_function(lambda a: a, [variable], "float32"))
    assert tape.gradient(target, variable) is None


@pytest.mark.parametrize("generation", ["3", "2"])
def test_collections_and_methods(generation: str):
    """Objects have the collections and methods that the reader knows of."""
    keras = optimizers(generation)
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    for name, which in api.COLLECTIONS.items():
        found = getattr(model, name)
        assert len(found) == (0 if which == "other" else 2), name
    for name in ("apply_gradients", "learning_rate", "iterations", *api.CLIP_OPTIONS):
        assert hasattr(keras.optimizers.Adam(), name), name
    for name in ("apply", "stateless_apply", "scale_loss"):
        assert hasattr(keras.optimizers.Adam(), name) == (generation == "3"), name
    for name in api.WITH_MOVING_STATISTICS | api.BEHAVES_DIFFERENTLY:
        assert hasattr(keras.layers, name) or name == "SyncBatchNormalization", name


@pytest.mark.parametrize("generation", ["3", "2"])
def test_pretrained_networks(generation: str):
    """Every network that is said to have batch normalisation is there."""
    applications = optimizers(generation).applications
    assert [name for name in api.NORMALIZED_APPLICATIONS if not hasattr(applications, name)] == []


XLA = {
    "tf.print": lambda tf, x: (tf.print(x), x)[1],
    "tf.py_function": lambda tf, x: tf.py_function(lambda v: v, [x], "float32"),
    "tf.numpy_function": lambda tf, x: tf.numpy_function(lambda v: v, [x], "float32"),
    "tf.unique_with_counts": lambda tf, x: tf.unique_with_counts(x)[0],
    "tf.strings.as_string": lambda tf, x: tf.strings.as_string(x),
    "tf.strings.format": lambda tf, x: tf.strings.format("{}", x),
    "tf.histogram_fixed_width": lambda tf, x: tf.histogram_fixed_width(x, [0.0, 2.0]),
    "tf.linalg.eig": lambda tf, x: tf.linalg.eig(tf.reshape(x, (2, 2)))[0],
    "tf.random.gamma": lambda tf, x: tf.random.gamma((2,), 1.0),
    "tf.random.poisson": lambda tf, x: tf.random.poisson((2,), 1.0),
    "tf.random.stateless_gamma": lambda tf, x: tf.random.stateless_gamma((2,), [1, 2], 1.0),
    "tf.timestamp": lambda tf, x: tf.timestamp(),
    "tf.io.decode_raw": lambda tf, x: tf.io.decode_raw(["abcd"], "uint8"),
    "tf.sparse.sparse_dense_matmul": lambda tf, x: tf.sparse.sparse_dense_matmul(
        tf.sparse.from_dense(tf.eye(2)), tf.eye(2)
    ),
}


@pytest.mark.parametrize("name", sorted(XLA))
def test_what_xla_refuses(tf: Any, name: str):
    """A compiled function with this operation can't run."""
    assert name in api.XLA_REFUSES
    compiled = tf.function(XLA[name], jit_compile=True, autograph=False)
    with pytest.raises(tf.errors.InvalidArgumentError):
        compiled(tf, tf.constant([1.0, 2.0, 2.0, 0.0]))


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
    assert float(optimizer.learning_rate.numpy()) == 0.25
