"""Eager steps are measured in the tensors' own memory, and by operations where that can't be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradproof.watching.tensorflow.measuring import at_once
from gradproof.watching.tensorflow.measuring.measures import half_square, product

pytestmark = pytest.mark.tensorflow

KINDS = ("float16", "bfloat16", "float32", "float64")


def variables(size: int = 3) -> list:
    """One of each floating type."""
    import tensorflow as tf

    values = np.random.default_rng(1).normal(size=(size, 5))
    return [tf.Variable(tf.cast(values, kind)) for kind in KINDS]


@pytest.mark.parametrize("size", [3, 20_000], ids=["by NumPy", "by operations"])
def test_numbers_are_those_of_the_operations(size):
    """Change, gradient and their product come out as a graph would work them out."""
    import tensorflow as tf

    made = variables(size)
    gradients = [tf.cast(tf.random.normal(one.shape), one.dtype) for one in made]
    earlier = at_once.read(made)
    for one, gradient in zip(made, gradients, strict=True):
        one.assign_sub(tf.cast(0.5, one.dtype) * gradient)
    row = at_once.measures(at_once.read(made), gradients, earlier, directed=True)
    expected = []
    for one, gradient, was in zip(made, gradients, earlier, strict=True):
        change = one.read_value() - was
        expected += [half_square(gradient), half_square(change), product(change, gradient, 1)]
    np.testing.assert_allclose([float(one) for one in row], expected, rtol=1e-4)


def test_what_has_no_dense_gradient():
    """No gradient gives -1; rows of a table have a norm, but no product."""
    import tensorflow as tf

    table, other = tf.Variable(tf.ones((4, 2))), tf.Variable(tf.ones(3))
    rows = tf.IndexedSlices(tf.fill((1, 2), 3.0), tf.constant([2]))
    earlier = at_once.read([table, other])
    table.scatter_sub(rows)
    row = at_once.measures(at_once.read([table, other]), [rows, None], earlier, directed=True)
    assert row[:2] == [9.0, 9.0]
    assert math.isnan(row[2])
    assert row[3:5] == [-1.0, 0.0]


def test_values_stay_those_of_their_moment():
    """What was read does not follow the variable, however that is changed."""
    import tensorflow as tf

    made = [tf.Variable(tf.zeros((4, 2))) for _ in range(2)]
    for turn in range(3):
        first, second = at_once.read(made)
        kept = first.numpy().copy(), second.numpy().copy()
        made[0].scatter_add(tf.IndexedSlices(tf.ones((1, 2)), tf.constant([turn])))
        made[1].assign_add(tf.ones((4, 2)))
        assert (first.numpy() == kept[0]).all()
        assert (second.numpy() == kept[1]).all()


def test_one_by_one_where_they_cannot_be_read_together(monkeypatch):
    """A TensorFlow without the operation for all at once changes nothing."""
    made = variables()
    together = [one.numpy() for one in at_once.read(made)]
    monkeypatch.setattr(at_once, "_together", lambda handles, dtypes: None)
    for one, other in zip(at_once.read(made), together, strict=True):
        assert (one.numpy() == other).all()


def test_values_of_other_variables():
    """Who reads the same variables again and again notices that they are others."""
    import tensorflow as tf

    values = at_once.Values()
    first, second = tf.Variable([1.0, 2.0]), tf.Variable([3, 4])
    for asked in ([first, second], [first, second], [second, first], [second], [first, first]):
        found = values.read(asked)
        assert [one.numpy().tolist() for one in found] == [one.numpy().tolist() for one in asked]
