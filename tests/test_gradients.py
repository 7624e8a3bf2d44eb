"""`gradproof.check_gradient`: gradients against central differences."""

from __future__ import annotations

import numpy as np
import pytest

from gradproof import check_gradient

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf():
    """TensorFlow."""
    return pytest.importorskip("tensorflow")


def scaled(tf, by):
    """A sine whose gradient is wrong by a factor."""

    @tf.custom_gradient
    def sine(x):
        return tf.sin(x), lambda upstream: by * upstream * tf.cos(x)

    return sine


VALUES = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_right_custom_gradient(tf, dtype):
    """In both types that are fine enough."""
    found = check_gradient(scaled(tf, 1.0), VALUES.astype(dtype))
    assert found, str(found)
    assert "agrees with central differences; 1 input" in str(found)


@pytest.mark.parametrize(
    ("by", "words"), [(2.0, "2 times what it should be"), (-1.0, "the sign is wrong")]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_custom_gradient_wrong_by_a_factor(tf, by, words, dtype):
    """The factor is named."""
    found = check_gradient(scaled(tf, by), VALUES.astype(dtype))
    assert not found
    assert words in found.wrong[0]
    assert found.inputs[0].factor == pytest.approx(by, rel=0.01)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_move_far_enough(tf, dtype):
    """They go by leaps, so that only a wide span tells; what it tells is sure."""
    values = tf.cast(VALUES, dtype)
    found = check_gradient(scaled(tf, 1.0), values)
    assert found, str(found)
    assert "slopes agree with central differences" in str(found)
    assert "the sign is wrong" in str(check_gradient(scaled(tf, -1.0), values))
    twice = check_gradient(scaled(tf, 2.0), values)
    assert twice.inputs[0].factor == pytest.approx(2.0, rel=0.1)
    noisy = check_gradient(lambda x: tf.reduce_sum(x) * 1e-3 + 100.0, tf.cast([1.0, 2.0], dtype))
    assert [one.holds for one in noisy.inputs] == [None], str(noisy)


def test_arguments_that_hold_others(tf):
    """Lists, dictionaries, and the values of sparse and ragged ones."""

    def loss(weights, parts):
        rows = tf.sparse.sparse_dense_matmul(parts[0], tf.ones((3, 1)))
        kept = weights["kept"] * tf.stop_gradient(weights["cut"])
        return kept * tf.reduce_sum(rows) + tf.reduce_sum(parts[1] * parts[1]) * len(parts[2])

    sparse = tf.sparse.from_dense([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])
    ragged = tf.ragged.constant([[1.0, 2.0], [3.0]])
    found = check_gradient(loss, {"kept": 2.0, "cut": tf.constant(3.0)}, (sparse, ragged, "two"))
    assert {one.name: one.holds for one in found.inputs} == {
        "input 1['cut']": False,
        "input 1['kept']": True,
        "input 2[0].values": True,
        "input 2[1].flat_values": True,
    }


@pytest.mark.parametrize("shape", [(3, 2), (40, 30)])
def test_one_element_is_wrong(tf, shape):
    """It is named, in small arrays and in large ones."""
    weights = np.ones(shape, "float32")
    weights[2, 1] = 3.0

    @tf.custom_gradient
    def square(x):
        return x * x, lambda upstream: upstream * 2.0 * x * weights

    found = check_gradient(square, tf.random.stateless_normal(shape, [1, 2]))
    assert not found
    assert found.wrong[0].endswith("at [2, 1]"), str(found)


def test_flat_result_with_a_gradient(tf):
    """A straight-through estimator is wrong unless it is meant."""

    @tf.custom_gradient
    def rounded(x):
        return tf.round(x), lambda upstream: upstream

    found = check_gradient(rounded, tf.constant([0.3, 1.2]))
    assert "the result is flat here, so this is right only if it is meant" in str(found)


def test_upstream_is_ignored(tf):
    """A gradient that forgets what comes from above it."""

    @tf.custom_gradient
    def square(x):
        return tf.square(x), lambda upstream: 2.0 * x

    assert not check_gradient(square, VALUES.astype("float32"))


def test_only_one_input_is_wrong(tf):
    """The other is right, and said to be."""

    @tf.custom_gradient
    def product(x, y):
        return x * y, lambda upstream: (upstream * y, upstream * y)

    found = check_gradient(product, tf.constant([1.0, 2.0]), tf.constant([3.0, 5.0]))
    assert [one.holds for one in found.inputs] == [True, False]
    assert found.wrong[0].startswith("input 2: ")


def test_gradient_is_missing(tf):
    """The slope is there, the gradient is not."""
    found = check_gradient(lambda x, y: x * tf.stop_gradient(y), 2.0, 3.0)
    assert [one.holds for one in found.inputs] == [True, False]
    assert "no gradient, but the slope is" in str(found)
    unused = check_gradient(lambda x, y: x * 2.0, 2.0, 3.0)
    assert unused
    assert "the result does not depend on it" in str(unused)


def test_kinks_are_recognised(tf):
    """At its kink, any slope between both sides is right; beyond them is not."""
    found = check_gradient(tf.nn.relu, tf.constant([0.0, 1.0, -1.0]))
    assert found, str(found)
    assert "lie at a kink" in str(found)

    @tf.custom_gradient
    def too_steep(x):
        return tf.nn.relu(x), lambda upstream: 3.0 * upstream

    assert not check_gradient(too_steep, tf.constant([0.0]))


def test_whole_loss_with_variables(tf):
    """Variables that the loss reads are inputs too, and are put back."""
    weight = tf.Variable(VALUES[0], dtype=tf.float32, name="weight")
    before = weight.numpy().tobytes()

    def loss(x):
        return tf.reduce_mean(tf.square(tf.tanh(x * weight) - 1.0))

    found = check_gradient(tf.function(loss), tf.constant(VALUES, tf.float32))
    assert found, str(found)
    assert [one.name for one in found.inputs] == ["input 1", "weight"]
    assert weight.numpy().tobytes() == before


def test_sparse_and_complex(tf):
    """Rows of a table, and a complex number."""
    table = tf.Variable(tf.random.stateless_normal([5, 3], [1, 2]), name="table")
    assert check_gradient(lambda rows: tf.square(tf.gather(table, rows)), tf.constant([1, 1, 4]))
    found = check_gradient(lambda z: tf.square(tf.abs(z)) * tf.math.real(z), tf.constant([1 + 2j]))
    assert found, str(found)


def test_large_and_small_values(tf):
    """The size of the move follows the values."""
    for scale in (1e-4, 1.0, 1e4):
        assert check_gradient(lambda x: tf.reduce_sum(x * x), tf.constant([1.0, 2.0]) * scale)


def test_what_can_not_be_checked(tf):
    """It is said, and nothing counts as right."""
    found = check_gradient(lambda x: x + tf.random.uniform([]), 1.0)
    assert not found
    assert "two calls from one state differ" in str(found) or "could be checked" in str(found)
    whole = check_gradient(lambda x: tf.cast(x, tf.int32), tf.constant([1.0]))
    assert not whole
    assert "nothing could be checked (the function gives no floats)" in str(whole)
    assert "<pre>" in whole._repr_html_()
    assert "no argument holds floats" in str(check_gradient(lambda: tf.constant(1.0)))
    with pytest.raises(TypeError, match="`fn` must give tensors, got NoneType"):
        check_gradient(lambda x: None, 1.0)


def test_wrong_use():
    """One sentence."""
    with pytest.raises(TypeError, match="`fn` must be a function that gives a tensor, got int"):
        check_gradient(3)
