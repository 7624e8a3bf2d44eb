"""Edge cases of float16-range."""

from __future__ import annotations

import pytest

from snippets import assert_findings, assert_silent

LAYER = """
{policy}
class Hand(keras.layers.Layer):
    def call(self, x, mask=None):
        {body}

net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), Hand()])
"""

HALF = 'keras.mixed_precision.set_global_policy("mixed_float16")'


@pytest.mark.parametrize(
    "body",
    [
        "return x / (1.0 + tf.exp(-x))",
        "return tf.exp(x) / tf.reduce_sum(tf.exp(x), -1, keepdims=True)",
        "return tf.math.log(1.0 + tf.exp(x))",
        "return x + (1.0 - mask) * -1e9",
        "return tf.math.log(x + 1e-9)",
        "return x / (tf.norm(x) + 1e-8)",
    ],
)
def test_out_of_range(body: str):
    """Infinite, or zero, in float16."""
    assert_findings(LAYER.format(policy=HALF, body=body + "  # GP305"))


@pytest.mark.parametrize(
    "body",
    [
        "return x * tf.sigmoid(x)",
        "e = tf.exp(x - tf.reduce_max(x)); return e / tf.reduce_sum(e)",
        "return tf.exp(-tf.square(x))",
        'x = tf.cast(x, "float32"); return x / (1.0 + tf.exp(-x))',
        "return x + (1.0 - mask) * -1e4",
        "return tf.math.log(x + 1e-3)",
        "return 1e-9 * x",
    ],
)
def test_within_range(body: str):
    """Safe forms, and float32 by hand."""
    assert_silent(LAYER.format(policy=HALF, body=body))


def test_float32():
    """The same under the usual policy, or after the policy was set back."""
    body = "return x / (1.0 + tf.exp(-x)) + (1.0 - mask) * -1e9"
    assert_silent(LAYER.format(policy="", body=body))
    back = HALF + '\nkeras.mixed_precision.set_global_policy("float32")'
    assert_silent(LAYER.format(policy=back, body=body))
    bfloat = 'keras.mixed_precision.set_global_policy("mixed_bfloat16")'
    assert_silent(LAYER.format(policy=bfloat, body=body))


def test_a_method_that_call_uses():
    """What a helper is given may be bounded by its caller, or not at all."""
    text = """
        {policy}
        class Attention(keras.layers.Layer):
            def weights(self, scores):
                e = tf.exp(scores)
                return e / tf.reduce_sum(e, axis=-1, keepdims=True){mark}

            def call(self, x):
                scores = tf.matmul(x, x, transpose_b=True)
                {bound}
                return tf.matmul(self.weights(scores), x)

        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), Attention()])
    """
    assert_findings(text.format(policy=HALF, bound="pass", mark="  # GP305"))
    bound = "scores = scores - tf.reduce_max(scores, axis=-1, keepdims=True)"
    assert_silent(text.format(policy=HALF, bound=bound, mark=""))
    assert_silent(text.format(policy="", bound="pass", mark=""))


@pytest.mark.parametrize(
    ("policy", "made", "found"),
    [
        ('keras.backend.set_floatx("float16")', "Adam(0.01)", True),
        ('keras.mixed_precision.set_global_policy("float16")', "AdamW(0.01)", True),
        ('keras.mixed_precision.set_global_policy("mixed_float16")', "Adam(0.01)", False),
        ('keras.backend.set_floatx("float16")', "Adam(0.01, epsilon=1e-4)", False),
        ('keras.backend.set_floatx("float16")', "SGD(0.01)", False),
        ('keras.backend.set_floatx("float32")', "Adam(0.01)", False),
    ],
)
def test_adam_of_variables_in_float16(policy: str, made: str, *, found: bool):
    """Its mean of squares and its epsilon are zero there."""
    text = f"{policy}\nadam = keras.optimizers.{made}"
    if found:
        assert_findings(f"{text}  # GP305")
    else:
        assert_silent(text)
