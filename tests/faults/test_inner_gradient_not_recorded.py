"""Edge cases of inner-gradient-not-recorded."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.gradients import Source, Target
from gradproof.evidence.run import Crash
from records import KERNEL_GRADIENT, X, at, healthy, proven
from snippets import assert_findings, assert_silent


def test_penalty_taken_before():
    """The penalty's gradient is taken before the outer tape opens."""
    assert_findings(
        """
        with tf.GradientTape() as inner:
            inner.watch(x)
            score = tf.reduce_sum(model(x))
        slope = inner.gradient(score, x)  # GP210
        with tf.GradientTape() as tape:
            fit = tf.reduce_mean(tf.square(model(x) - y))
            loss = fit + 10.0 * tf.reduce_mean(tf.square(slope))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_nothing_but_the_penalty():
    """The whole loss is made of a gradient that nobody recorded."""
    assert_findings(
        """
        with tf.GradientTape() as inner:
            inner.watch(x)
            score = tf.reduce_sum(model(x))
        slope = inner.gradient(score, x)  # GP210
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(slope))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_nested():
    """Both forms of nesting: the gradient is taken while the outer tape records."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(x)
                score = tf.reduce_sum(model(x))
            slope = inner.gradient(score, x)
            fit = tf.reduce_mean(tf.square(model(x) - y))
            loss = fit + 10.0 * tf.reduce_mean(tf.square(slope))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_loss_balancing():
    """A weight from gradients scales a loss, as a constant on purpose."""
    assert_silent(
        """
        with tf.GradientTape() as probe:
            first = tf.reduce_mean(tf.square(model(x) - y))
        sizes = [tf.norm(g) for g in probe.gradient(first, model.trainable_variables)]
        weight = tf.reduce_max(sizes)
        with tf.GradientTape() as tape:
            one = tf.reduce_mean(tf.square(model(x) - y))
            other = tf.reduce_mean(tf.abs(model(x) - y))
            loss = one + weight * other
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_adversarial_example():
    """An input that was moved along its gradient goes through the model again."""
    assert_silent(
        """
        with tf.GradientTape() as inner:
            inner.watch(x)
            attack = tf.reduce_mean(tf.square(model(x) - y))
        moved = x + 0.1 * tf.sign(inner.gradient(attack, x))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
            loss = loss + tf.reduce_mean(tf.square(model(moved) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


SECOND = """
    def residual(points):
        with tf.GradientTape() as second:
            second.watch(points)
            with tf.GradientTape() as first:
                first.watch(points)
                value = model(points)
            slope = first.gradient(value, points)
            along = slope[:, 0:1]
        bend = second.gradient(along, points)
        return slope[:, 1:2] - bend[:, 0:1]


    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(residual(x)))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_second_derivative():
    """The first derivative by an input is taken while the tape of the second records."""
    assert_silent(SECOND)


def test_second_derivative_of_what_was_not_recorded():
    """One indent less, and the second derivative is None."""
    inside = "        slope = first.gradient(value, points)\n            along"
    outside = "    slope = first.gradient(value, points)  # GP210\n        along"
    assert inside in SECOND
    assert_findings(SECOND.replace(inside, outside))


def test_second_derivative_of_a_slice_made_too_late():
    """The gradient was recorded, and the slice of it was not: another fault."""
    inside, outside = "            along = slope", "        along = slope"
    assert inside in SECOND
    assert_findings(SECOND.replace(inside, outside + "[:, 0:1]  # GP201\n        _ = slope"))


def test_second_derivative_proven():
    """The outer call got None for an input of which the inner gradient was taken."""
    run = healthy()
    inner = replace(
        run.calls[0],
        key=2,
        stack=(at(4),),
        tape=2,
        sources=(Source(None, X, "tensor", "x", result=KERNEL_GRADIENT),),
    )
    asked = Source(None, X, "tensor", "x", connected=False)
    outer = replace(
        run.calls[0], at=12, targets=(Target(KERNEL_GRADIENT),), sources=(asked,), stack=(at(7),)
    )
    tape = replace(run.tapes[0], closed=9, watches=((X, at(3)),))
    crash = Crash("TypeError", "'NoneType' object is not subscriptable", (at(7),))
    run = replace(
        run,
        calls=(inner, outer),
        tapes=(tape, replace(tape, key=2)),
        applies=(),
        steps=(),
        counted=0,
        crash=crash,
    )
    assert proven(run)[0] == ("GP210", 4)


def test_a_second_derivative_of_weights_in_a_list():
    """Which weights it runs over is not known one by one; that the tape lost them is."""
    text = """
        layers = [(tf.Variable(tf.ones((4, 4))), tf.Variable(tf.zeros((4,)))) for _ in range(3)]

        def field(given):
            for w, b in layers:
                given = tf.tanh(given @ w + b)
            return given

        with tf.GradientTape() as tape:
            with tf.GradientTape() as second:
                second.watch(x)
                with tf.GradientTape() as first:
                    first.watch(x)
                    u = field(x)
{one}            slope = first.gradient(u, x)
            curve = second.gradient(slope, x)
            loss = tf.reduce_mean(tf.square(curve - y))
        variables = [one for pair in layers for one in pair]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        """
    wrong = text.format(one="").replace("first.gradient(u, x)", "first.gradient(u, x)  # GP210")
    assert_findings(wrong)
    assert_silent(text.format(one="    "))


def test_all_of_the_loss_is_a_gradient():
    """Layers that have no names of their own are lost as well."""
    text = """
        energy = keras.Sequential([keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])

        def force(positions):
            with tf.GradientTape() as inner:
                inner.watch(positions)
                value = energy(positions)
            return -inner.gradient(value, positions)

        def step(positions, forces):
            {before}
            with tf.GradientTape() as tape:
                {inside}
                loss = tf.reduce_mean(tf.square(predicted - forces))
            gradients = tape.gradient(loss, energy.trainable_variables)
            optimizer.apply_gradients(zip(gradients, energy.trainable_variables))

        for _ in range(3):
            step(x, y)
    """
    taken = "predicted = force(positions)"
    assert_findings(text.format(before=f"{taken}  # GP210", inside="pass"))
    assert_silent(text.format(before="pass", inside=taken))


def test_a_second_derivative_of_one_tape():
    """Asked below its block, a persistent tape has not recorded the first one."""
    text = """
        points = tf.convert_to_tensor(x)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(points)
            value = model(points){within}
        {below}
        print(tf.abs(tape.gradient(first, points)))
        """
    taken = "first = tape.gradient(value, points)"
    indent = "\n            "
    assert_findings(text.format(within="", below=f"{taken}  # GP210"))
    assert_silent(text.format(within=f"{indent}{taken}", below="pass"))
