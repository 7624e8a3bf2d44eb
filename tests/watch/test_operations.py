"""What the table of operations claims, TensorFlow itself confirms."""

from __future__ import annotations

import pytest

from gradproof.evidence.operations import CUTS, FLAT, LOOPS, SINGULAR, STOPS

pytestmark = pytest.mark.tensorflow


def gradient_of(name: str):
    """The registered gradient function; None where TensorFlow has none."""
    from tensorflow.python.framework import ops

    try:
        return ops.gradient_registry.lookup(name)
    except LookupError:
        return None


@pytest.mark.parametrize("name", sorted(CUTS | LOOPS))
def test_an_operation_that_cuts_has_no_gradient(name):
    """There is no gradient function, or it gives None."""
    import tensorflow  # noqa: F401

    function = gradient_of(name)
    if function is not None:
        result = function(None, None)
        results = result if isinstance(result, list | tuple) else [result]
        assert all(part is None for part in results)


@pytest.mark.parametrize("name", sorted(FLAT))
def test_a_flat_operation_has_a_gradient_of_zeros(name):
    """It is connected, and its gradient is zero everywhere."""
    import tensorflow as tf

    x = tf.constant([-2.0, 0.5, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(tf.raw_ops, name)(x=x)
    assert tape.gradient(y, x).numpy().tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", sorted(SINGULAR | STOPS))
def test_other_operations_of_the_table_exist(name):
    """A name that TensorFlow does not know would never match."""
    import tensorflow as tf

    assert hasattr(tf.raw_ops, name) or gradient_of(name) is not None
