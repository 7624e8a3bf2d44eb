"""Tensors that no tape watches."""

from __future__ import annotations

import textwrap
from dataclasses import replace

from gradproof.evidence.gradients import Source
from gradproof.evidence.run import Crash
from records import X, at, healthy, proven
from snippets import assert_findings, assert_silent, mended_snippet


def test_input_gradient():
    """The gradient by a constant input is `None` without `watch`."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            output = tf.reduce_sum(model(x))
        saliency = tape.gradient(output, x)  # GP205
        print(tf.abs(saliency))
        """
    )


def test_watched():
    """With `watch` it is there."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            tape.watch(x)
            output = tf.reduce_sum(model(x))
        saliency = tape.gradient(output, x)
        print(tf.abs(saliency))
        """
    )


def test_intermediate():
    """A tensor computed from variables under the tape needs no `watch`."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            hidden = encoder(x)
            output = tf.reduce_sum(decoder(hidden))
        print(tape.gradient(output, hidden))
        """
    )


def test_variable_as_input():
    """A variable is watched by itself."""
    assert_silent(
        """
        image = tf.Variable(tf.zeros((1, 4)))
        with tf.GradientTape() as tape:
            output = tf.reduce_sum(model(image))
        image.assign_add(0.1 * tape.gradient(output, image))
        """
    )


def test_proven():
    """An inner call asks for the input, which nobody watched."""
    run = healthy()
    inner = replace(
        run.calls[0],
        key=2,
        inner=True,
        sources=(Source(None, X, "tensor", name="x", connected=False),),
    )
    run = replace(run, calls=(*run.calls, inner))
    crash = Crash("ValueError", "Attempt to convert a value (None)", (at(5),))
    assert proven(replace(run, crash=crash)) == [("GP205", 5)]


def test_watched_too_late():
    """The tape was told of the input after the model had used it."""
    run = healthy()
    inner = replace(
        run.calls[0],
        key=2,
        inner=True,
        sources=(Source(None, X, "tensor", name="x", connected=False),),
    )
    tape = replace(run.tapes[0], watches=((X, at(4)),))
    late = replace(run, calls=(*run.calls, inner), tapes=(tape,))
    assert proven(late) == [("GP205", 4)]
    # Told in time, it is something else that keeps the gradient away.
    early = replace(tape, watches=((X, at(2)),))
    assert proven(replace(late, tapes=(early,))) == []


LATE = """
w = tf.zeros((4, 1))
for _ in range(20):
    with tf.GradientTape() as tape:
        EARLY
        loss = tf.reduce_mean(tf.square(x @ w - y))
        LATE
    slope = tape.gradient(loss, w)
    if slope is not None:
        w = w - 0.1 * slope
"""


def test_told_after_it_was_used():
    """What was made of a tensor before `watch` is not recorded."""
    late = LATE.replace("EARLY", "pass").replace("LATE", "tape.watch(w)  # GP205")
    assert_findings(late)
    moved = LATE.replace("EARLY", "tape.watch(w)  # GP205\n        pass").replace(
        "        LATE\n", ""
    )
    assert mended_snippet(late).endswith(textwrap.dedent(moved).lstrip())
    assert_silent(LATE.replace("EARLY", "tape.watch(w)").replace("LATE", "pass"))
    # Its shape may be asked for, and all that counts may come after.
    assert_silent(
        LATE.replace("EARLY", "count = tf.shape(w)[0]\n        tape.watch(w)").replace(
            "LATE", "pass"
        )
    )


COPIES = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
gradients = tape.gradient(loss, {sources})
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_copies_of_the_weights():
    """`get_weights` gives arrays, of which no tape has ever heard."""
    assert_findings(COPIES.format(sources="model.get_weights()").replace("())", "())  # GP205", 1))
    before = "before = model.get_weights()\n"
    assert_silent(before + COPIES.format(sources="model.trainable_variables"))


FAST_WEIGHTS = """
weights = [tf.Variable(tf.ones((4, 2))), tf.Variable(tf.ones((2,)))]


def forward(inputs, given):
    return inputs @ given[0] + given[1]


def adapted(given):
    fast = list(given)
    for _ in range(2):
        with tf.GradientTape() as inner:
            WATCH
            loss = tf.reduce_mean(tf.square(forward(x, fast) - y))
        gradients = inner.gradient(loss, fast)  # MARK
        fast = [w - 0.1 * g for w, g in zip(fast, gradients)]
    return fast


with tf.GradientTape() as outer:
    target = tf.reduce_mean(tf.square(forward(x, adapted(weights)) - y))
optimizer.apply_gradients(zip(outer.gradient(target, weights), weights))
"""


def test_the_second_step_of_meta_learning():
    """Fast weights are tensors from the second step on: they have to be watched."""
    assert_findings(FAST_WEIGHTS.replace("WATCH", "pass").replace("MARK", "GP205"))
    assert_silent(FAST_WEIGHTS.replace("WATCH", "inner.watch(fast)").replace("  # MARK", ""))


def test_what_variables_of_keras_3_hold():
    """`.value` is the `tf.Variable` inside, and tapes watch it by themselves."""
    assert_silent("""
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            held = [variable.value for variable in model.trainable_variables]
            gradients = tape.gradient(loss, held)
            optimizer.apply(gradients, model.trainable_variables)
    """)


def test_watched_after_a_layer_has_used_it():
    """The tape recorded what the layer did, as it watches its variables: `watch` is in time."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            output = tf.reduce_sum(model(x))
            tape.watch(x)
        print(tf.abs(tape.gradient(output, x)))
        """
    )


def test_a_tape_that_watches_nothing():
    """Variables are not watched either, if the tape is told so and nothing follows."""
    step = """
        with tf.GradientTape(watch_accessed_variables=False) as tape:{watch}
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables){mark}
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(step.format(watch="", mark="  # GP205"))
    watch = "\n            tape.watch(model.trainable_variables)"
    assert_silent(step.format(watch=watch, mark=""), keras="2")


_DERIVATIVES = """
        left, right = x[:, :2], x[:, 2:]
        with tf.GradientTape() as tape:
            with tf.GradientTape(persistent=True) as inner:
                inner.watch([left, right])
                output = model({given})
            slope = inner.gradient(output, left){mark}
            drift = inner.gradient(output, right)
            loss = tf.reduce_mean(tf.square(slope + drift))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """


def test_columns_that_the_model_does_not_get():
    """What was cut from the inputs is watched; the model is given the whole."""
    assert_findings(_DERIVATIVES.format(given="x", mark="  # GP205"))


def test_columns_that_the_model_gets():
    """Put together again, they are on the way."""
    assert_silent(_DERIVATIVES.format(given="tf.concat([left, right], 1)", mark=""))


def test_a_filter_of_variables():
    """`isinstance(p, tf.Variable)` keeps the tensors of a mixed list out."""
    assert_silent(
        """
        weights = [tf.Variable(tf.zeros((4, 4))), tf.constant(0.5)]
        parameters = [one for one in weights if isinstance(one, tf.Variable)]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, weights[0]) + weights[1] - y))
        optimizer.apply_gradients(zip(tape.gradient(loss, parameters), parameters))
        """
    )
