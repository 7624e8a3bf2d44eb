"""Measuring operations of a graph: few, and right."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def measured(gradients_of, shapes):
    """Norms of gradients that a graph measures and NumPy's, and the types of its operations."""
    import tensorflow as tf

    from gradproof.watching.tensorflow.measuring.apart import half_square

    types = []

    @tf.function
    def step(*values):
        known = {}
        gradients = gradients_of(values)
        graph = values[0].graph
        before = len(graph.get_operations())
        halves = [half_square(gradient, known) for gradient in gradients]
        types.extend(made.type for made in graph.get_operations()[before:])
        return halves, gradients

    chance = np.random.default_rng(3)
    values = [tf.constant(chance.normal(size=shape), tf.float32) for shape in shapes]
    halves, gradients = step(*values)
    true = [0.5 * float(np.sum(np.square(one.numpy()))) for one in gradients]
    return [float(one) for one in halves], true, types


def by_scalars(values):
    """Each gradient times two scalars that all share, as clipping by the global norm has it."""
    import tensorflow as tf

    scale = 2.0 / tf.maximum(tf.linalg.global_norm(values), 2.0)
    return [tf.identity(value) * 3.0 * scale for value in values]


def by_spread_scalars(values):
    """The mean's gradient: one number spread over a shape."""
    import tensorflow as tf

    size = tf.cast(tf.size(values[0]), tf.float32)
    return [
        tf.broadcast_to(tf.reshape(2.0 / size, [1, 1]), value.shape) * value for value in values
    ]


@pytest.mark.parametrize("gradients_of", [by_scalars, by_spread_scalars])
def test_gradients_of_one_loss_share_their_factors(gradients_of):
    """What they are multiplied by is worked out once, and each has three operations of its own."""
    few, true, types = measured(gradients_of, [(3, 2)] * 2)
    assert few == pytest.approx(true, rel=1e-5)
    many, true, more = measured(gradients_of, [(3, 2)] * 7)
    assert many == pytest.approx(true, rel=1e-5)
    assert len(more) - len(types) == 5 * 3  # L2Loss and two products


def test_factors_are_told_apart():
    """Two scalars of one value's operation, or of other constants, are two factors."""
    import tensorflow as tf

    def gradients_of(values):
        two, three = tf.unstack(tf.reduce_sum(values[0], axis=1)[:2])
        return [values[0] * two, values[1] * three, values[2] * 5.0, values[3] * 7.0]

    halves, true, _ = measured(gradients_of, [(3, 2)] * 4)
    assert halves == pytest.approx(true, rel=1e-5)


def test_half_a_sum_of_squares():
    """In eager code and in a graph, by a maker of operations that this TensorFlow has."""
    import tensorflow as tf
    from tensorflow.python.framework import ops

    from gradproof.watching.tensorflow.measuring.losses import half_sum_of_squares

    assert hasattr(ops.Graph, "_create_op_internal")
    value = tf.constant([3.0, 4.0])
    assert float(half_sum_of_squares(value)) == 12.5
    assert float(tf.function(half_sum_of_squares)(value)) == 12.5
