"""Edge cases of wrong-custom-gradient."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash, Run
from gradproof.faults.wrong_custom_gradient import prove
from records import (
    ADD,
    KERNEL,
    MATMUL,
    READ_BIAS,
    READ_KERNEL,
    TANH,
    X,
    Y,
    at,
    healthy,
    operation,
    proven,
    unconnected,
    with_operations,
)
from snippets import assert_findings, assert_silent


def test_turned_around():
    """A reversed gradient is wrong on purpose."""
    assert_silent(
        """
        @tf.custom_gradient
        def reverse(values):
            return tf.identity(values), lambda upstream: -upstream

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(reverse(model(x)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_turned_around_beside_a_term_that_trains():
    """A codebook's form is read by which part is stopped, also where a second term trains."""
    text = """
        codebook = tf.Variable(tf.ones((8, 4)))
        encoder = tf.keras.layers.Dense(4)

        def quantize(z):
            nearest = tf.gather(codebook, tf.argmin(tf.abs(z[:, None] - codebook), 1))
            loss = tf.reduce_mean(tf.square(tf.stop_gradient(nearest) - z))
            loss += tf.reduce_mean(tf.square(nearest - tf.stop_gradient(z)))
            return {form}, loss{mark}

        encoder(x)
        variables = [codebook, *encoder.trainable_variables]
        with tf.GradientTape() as tape:
            out, extra = quantize(encoder(x))
            loss = tf.reduce_mean(tf.square(out - y)) + extra
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    """
    turned = "nearest + tf.stop_gradient(z - nearest)"
    assert_findings(text.format(form=turned, mark="  # GP301"))
    assert_silent(text.format(form="z + tf.stop_gradient(nearest - z)", mark=""))


def test_ignored():
    """The gradient from above is not used."""
    assert_findings(
        """
        @tf.custom_gradient
        def double(values):
            return 2.0 * values, lambda upstream: tf.fill(tf.shape(values), 2.0)  # GP301

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(double(model(x)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_one_of_two_outputs():
    """An output that is a constant has no slope to hand on."""
    assert_silent(
        """
        @tf.custom_gradient
        def scaled(values):
            scale = tf.constant(2.0)

            def gradient(from_scale, from_values):
                return from_values * scale

            return (scale, values * scale), gradient

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(scaled(model(x))[1])
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_whole_target():
    """What a tape is asked for is the whole target, as samplers want it."""
    assert_silent(
        """
        @tf.custom_gradient
        def density(value):
            with tf.GradientTape() as inner:
                inner.watch(value)
                result = tf.reduce_sum(tf.square(value))

            def gradient(upstream):
                return inner.gradient(result, value)

            return result, gradient

        sample = sampler.one_step(density)
        found = density(tf.constant(1.0))
        """
    )


def straight_through(first: int, second: int) -> Run:
    """`hard + stop_gradient(first - second)`, where hard is rounded and soft is not."""
    run = with_operations(
        healthy(),
        operation(TANH, "Round", (MATMUL,), line=3),
        operation(READ_BIAS, "Sub", (first, second), line=3),
        operation(ADD, "StopGradient", (READ_BIAS,), line=4),
        operation(Y, "AddV2", (TANH, ADD), line=4),
    )
    return unconnected(run, KERNEL)


def test_wrong_residual_is_stopped():
    """The gradient goes into the rounding; one cause, not the stop beside it."""
    assert proven(straight_through(MATMUL, TANH)) == [("GP301", 4)]


def test_another_difference_is_stopped():
    """The rounded value is not what is taken off: no straight-through form."""
    assert ("GP301", 4) not in proven(straight_through(TANH, MATMUL))


def test_no_gradient_at_all():
    """A gradient that only raises gives nothing."""
    assert_silent(
        """
        @tf.custom_gradient
        def kept(values):
            def gradient(upstream):
                raise NotImplementedError("no gradient through what was kept")

            return tf.identity(values), gradient

        found = kept(model(x))
        """
    )


def test_a_straight_through_form_turned_around():
    """The hard value is added and the rest stopped: nothing is left that has a gradient."""
    text = """
        for _ in range(3):
            with tf.GradientTape() as tape:
                soft = model(x)
                hard = tf.round(soft * 8.0) / 8.0
                passed = {form}
                loss = tf.reduce_mean(tf.square(passed - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.format(form="hard + tf.stop_gradient(soft - hard)  # GP301"))
    assert_findings(text.format(form="tf.stop_gradient(soft - hard) + hard  # GP301"))
    meet = "tf.stop_gradient(soft) + (hard - tf.stop_gradient(soft))"
    assert_findings(text.format(form=meet + "  # GP301"))
    assert_silent(text.format(form="soft + tf.stop_gradient(hard - soft)"))
    assert_silent(
        text.replace("tf.round", "tf.tanh").format(form="hard + tf.stop_gradient(soft - hard)")
    )
    assert_silent(text.replace("tf.round", "tf.tanh").format(form=meet))


def test_a_right_form_of_what_lost_its_gradient_before():
    """What is handed to a straight-through form may be cut already, and that is the fault."""
    assert_findings(
        """
        def one_hot_argmax(logits):
            hard = tf.one_hot(tf.argmax(logits, axis=-1), 4)
            soft = tf.nn.softmax(logits)
            return soft + tf.stop_gradient(hard - soft)

        for _ in range(3):
            with tf.GradientTape() as tape:
                first = tf.round(model(x))  # GP203
                loss = tf.reduce_mean(tf.square(one_hot_argmax(first) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_the_line_in_the_function():
    """Where it was called tells less than what ran in it last."""
    crash = Crash("TypeError", "grad_fn must accept keyword argument 'variables'", (at(4),))
    (found,) = prove(replace(healthy(), crash=crash))
    assert found.place == at(4)
    inner = replace(operation(12, "MatMul", (X, READ_KERNEL)), stack=(at(4), at(20)))
    (found,) = prove(replace(with_operations(healthy(), inner), crash=crash))
    assert found.place == at(20)
    assert found.related[0].place == at(4)


def test_a_body_that_uses_variables():
    """Its gradient has to take them, too; those that it is given are no such."""
    text = """
        @tf.custom_gradient
        def passed({given}):
            found = {body}

            def gradient({takes}):{mark}
                return upstream

            return found, gradient

        found = passed({passed})
    """
    whole = {"given": "values", "body": "encoder(values)", "passed": "x"}
    wrong = whole | {"takes": "upstream", "mark": "  # GP301"}
    assert_findings(text.format(**wrong))
    for takes in ("upstream, variables=None", "upstream, **rest", "upstream, *, variables"):
        assert_silent(text.format(**whole, takes=takes, mark=""))
    weight = {"given": "values, w", "body": "values @ w", "passed": "x, encoder.weights[0]"}
    assert_silent(text.format(**weight, takes="upstream", mark=""))


THROUGH = """
values = model(x)
with tf.GradientTape() as tape:
    soft = model(x)
    loss = tf.reduce_mean(tf.square({form} - y))
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    "form",
    [
        "(soft + tf.stop_gradient(tf.round(soft)) - soft)",
        "(tf.stop_gradient(tf.sign(soft)) + soft - soft)",
        "(soft + (tf.stop_gradient(tf.round(soft)) - soft))",
        "(soft + (tf.round(soft) - soft))",
    ],
)
def test_slopes_that_cancel(form: str):
    """What is added and taken off again has no slope: the rest is stopped."""
    text = THROUGH.format(form=form)
    line = f"loss = tf.reduce_mean(tf.square({form} - y))"
    assert_findings(text.replace(line, line + "  # GP301"))


@pytest.mark.parametrize(
    "form",
    [
        "(soft + tf.stop_gradient(tf.round(soft) - soft))",
        "(soft + tf.stop_gradient(tf.round(soft)) - tf.stop_gradient(soft))",
        "(soft - tf.stop_gradient(soft) + tf.stop_gradient(soft))",
        "(2.0 * soft + tf.stop_gradient(y) - soft)",
        "(soft + tf.stop_gradient(tf.round(soft)) - values)",
        "(soft + (tf.tanh(soft) - soft))",
    ],
)
def test_slopes_that_stay(form: str):
    """Straight-through forms, and sums with a stopped part that is a target."""
    assert_silent(THROUGH.format(form=form))


HARD = """
@tf.custom_gradient
def hard(value, limit):
    def grad(upstream):
        return {given}{mark}
    return tf.clip_by_value(tf.round(value), -limit, limit), grad

with tf.GradientTape() as tape:
    code = hard(encoder(x), 3.0)
    loss = tf.reduce_mean(tf.square(decoder({code}) - y))
variables = encoder.trainable_variables + decoder.trainable_variables
gradients = tape.gradient(loss, variables)
optimizer.apply_gradients(zip(gradients, variables))
"""


@pytest.mark.parametrize("given", ["tf.zeros_like(upstream), 0.0 * limit", "0.0 * upstream"])
def test_zeros(given):
    """Nothing passes to what is trained before it; beside another way that may be meant."""
    assert_findings(HARD.format(given=given, mark="  # GP301", code="code"))
    assert_silent(HARD.format(given=given, mark="", code="encoder(x) + code"))


def test_zeros_for_one_input():
    """The limit of a quantiser is not learned."""
    given = "upstream, tf.zeros_like(limit)"
    assert_silent(HARD.format(given=given, mark="", code="code"))


@pytest.mark.parametrize(
    ("given", "mark"),
    [
        ("tf.zeros_like(slope)", "  # GP301"),
        ("None", "  # GP301"),
        ("tf.reduce_sum(upstream * value)", ""),
    ],
)
def test_nothing_for_one_of_its_inputs(given: str, mark: str):
    """Zeros for the input that is a weight: nothing else leads to it."""
    assert_findings(
        f"""
        slope = tf.Variable(1.0, name="slope")

        @tf.custom_gradient
        def scaled(value, slope):
            def gradient(upstream):
                return upstream * slope, {given}{mark}

            return value * slope, gradient

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(scaled(model(x), tf.identity(slope)) - y))
        variables = [*model.trainable_variables, slope]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        """
    )


def test_nothing_for_an_input_that_is_no_weight():
    """A threshold that nobody trains gets no gradient rightly."""
    assert_silent(
        """
        @tf.custom_gradient
        def passed(value, level):
            def gradient(upstream):
                return upstream * tf.cast(value > level, tf.float32), tf.zeros_like(level)

            return tf.maximum(value, level), gradient

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(passed(model(x), tf.constant(0.1)) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_one_gradient_for_two_inputs():
    """TensorFlow wants one for each input, numbers and targets among them."""
    text = """
        @tf.custom_gradient
        def error(prediction, target):
            rest = prediction - target

            def grad(upstream):
                return {given}{mark}

            return tf.square(rest), grad

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(error(model(x), y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(text.format(given="2.0 * upstream * rest", mark="  # GP301"))
    assert_silent(text.format(given="2.0 * upstream * rest, None", mark=""))
