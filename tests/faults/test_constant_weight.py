"""Edge cases of constant-weight."""

from __future__ import annotations

import pytest

from snippets import assert_findings, assert_silent

LAYER = """
class {name}(keras.layers.Layer):
    def build(self, shape):
        self.{weight} = {made}

    def call(self, inputs):
        return {used}
"""


def layer(
    name: str = "Mine",
    weight: str = "w",
    made: str = "tf.random.normal((4, 4))",
    used: str = "inputs @ self.w",
) -> str:
    """A layer with one weight."""
    return LAYER.format(name=name, weight=weight, made=made, used=used)


def test_random_tensor():
    """Named like a weight, made like a constant, used like a weight."""
    assert_findings(layer(made="tf.random.normal((4, 4))  # GP113"))
    assert_findings(layer(made="tf.random.uniform((4,))  # GP113", used="inputs * self.w"))


@pytest.mark.parametrize(
    "text",
    [
        layer(made="tf.Variable(tf.random.normal((4, 4)), trainable=False)"),
        layer(made="self.add_weight(shape=(4, 4))"),
        layer(made="tf.ones((4, 4))"),
        layer(name="RandomFourierFeatures"),
        layer(weight="table", used="inputs @ self.table"),
        layer(used="inputs"),
    ],
)
def test_right_ones(text: str):
    """A variable, a fixed table, a layer that says that it is fixed."""
    assert_silent(text)
