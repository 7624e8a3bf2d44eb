"""Edge cases of clipping-dropped."""

from __future__ import annotations

import pytest

from snippets import assert_findings, assert_silent

STEP = """
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    {clip}
    optimizer.apply_gradients(zip({used}, model.trainable_variables))

step(x, y)
"""


@pytest.mark.parametrize(
    "clip",
    [
        "tf.clip_by_global_norm(gradients, 1.0)",
        "clipped, norm = tf.clip_by_global_norm(gradients, 1.0)",
        "clipped = [tf.clip_by_norm(g, 1.0) for g in gradients]",
        "[tf.clip_by_value(g, -1.0, 1.0) for g in gradients]",
    ],
)
def test_dropped(clip: str):
    """The result is thrown away, or has a name that nobody reads."""
    assert_findings(STEP.format(clip=clip + "  # GP513", used="gradients"))


@pytest.mark.parametrize(
    ("clip", "used"),
    [
        ("gradients, _ = tf.clip_by_global_norm(gradients, 1.0)", "gradients"),
        ("clipped, _ = tf.clip_by_global_norm(gradients, 1.0)", "clipped"),
        ("_, norm = tf.clip_by_global_norm(gradients, 1.0); tf.print(norm)", "gradients"),
        ("gradients = [tf.clip_by_norm(g, 1.0) for g in gradients]", "gradients"),
        ("pass", "[tf.clip_by_norm(g, 1.0) for g in gradients]"),
        ("clipped = tf.clip_by_value(x, -1.0, 1.0)", "gradients"),
    ],
)
def test_used(clip: str, used: str):
    """The result is applied, or the norm is looked at."""
    assert_silent(STEP.format(clip=clip, used=used))
