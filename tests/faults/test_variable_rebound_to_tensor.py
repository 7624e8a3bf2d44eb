"""Names that lose their variable."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.gradients import Source, Target
from gradproof.evidence.run import Crash
from records import (
    BIAS,
    KERNEL,
    KERNEL_GRADIENT,
    READ_KERNEL,
    X,
    at,
    healthy,
    left_out,
    never_applied,
    operation,
    proven,
    with_operations,
)
from snippets import assert_findings, assert_silent


def test_in_a_loop():
    """The second turn of the loop meets a tensor."""
    assert_findings(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w = w - 0.1 * gradient  # GP207
        """
    )


def test_augmented():
    """`-=` rebinds as well."""
    assert_findings(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w -= 0.1 * gradient  # GP207
        """
    )


def test_assigned():
    """`assign_sub` keeps the variable."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            w.assign_sub(0.1 * tape.gradient(loss, w))
        """
    )


def test_fast_weights():
    """Tensors that live for one step are fast weights."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    first = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
                fast = w - 0.1 * inner.gradient(first, w)
                loss = tf.reduce_mean(tf.square(tf.matmul(x, fast) - y))
            w.assign_sub(0.1 * outer.gradient(loss, w))
        """
    )


def test_proven():
    """The second call asks for a tensor made of the variable and its gradient."""
    run = never_applied(left_out(healthy(), BIAS))
    run = with_operations(
        run,
        operation(12, "Sub", (READ_KERNEL, KERNEL_GRADIENT), line=6, taped=False),
        operation(13, "MatMul", (X, 12), line=3),
        operation(14, "Mean", (13,)),
    )
    second = replace(
        run.calls[0],
        key=2,
        at=15,
        targets=(Target(14),),
        sources=(Source(None, 12, "tensor", connected=False),),
    )
    crash = Crash("TypeError", "unsupported operand type(s) for *", (at(6),))
    run = replace(run, calls=(*run.calls, second), crash=crash)
    assert ("GP207", 6) in proven(run)


PROJECTED = """
    w = tf.Variable(tf.ones((4, 4)), name="w")
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        {projected}
"""


def test_projected():
    """What the variable becomes need not come of a gradient."""
    assert_findings(PROJECTED.format(projected="w = w / tf.norm(w)  # GP207"))
    assert_silent(PROJECTED.format(projected="w.assign(w / tf.norm(w))"))
    assert_silent(PROJECTED.format(projected="shown = w / tf.norm(w)"))


def test_a_transformed_argument_keeps_its_variable():
    """In a function the name is its own; the caller's still stands for the variable."""
    assert_silent(
        """
        w = tf.Variable(tf.ones((4, 4)), name="w")

        def forward(w, x):
            w = tf.nn.softplus(w)
            return tf.matmul(x, w)

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(forward(w, x) - y))
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        """
    )


def test_projected_and_proven():
    """The call was given the variable before, and now a tensor made of it."""
    run = never_applied(left_out(healthy(), BIAS))
    run = with_operations(
        run,
        operation(12, "L2Loss", (READ_KERNEL,), line=6, taped=False),
        operation(13, "MatMul", (X, 12), line=3),
        operation(14, "Mean", (13,)),
    )
    second = replace(
        run.calls[0],
        key=2,
        at=15,
        targets=(Target(14),),
        sources=(Source(None, 12, "tensor", connected=False),),
    )
    crash = Crash("ValueError", "No gradients provided for any variable", (at(6),))
    run = replace(run, calls=(*run.calls, second), crash=crash)
    assert ("GP207", 6) in proven(run)
    alone = replace(run, calls=(second,))
    assert ("GP207", 6) not in proven(alone)


def test_a_variable_that_a_tensor_took_the_place_of():
    """It was reached before; then it was read once more, and never again."""
    run = healthy()
    again = (
        operation(12, "ReadVariableOp", line=7, taped=False, reads=frozenset({KERNEL})),
        operation(13, "Mul", (12,), line=7, taped=False),
        *(
            operation(index, "MatMul", (X, 13), line=3, tapes=frozenset({tape}))
            for index, tape in ((14, 2), (16, 3))
        ),
        *(
            operation(index, "Mean", (index - 1,), tapes=frozenset({index // 2 - 5}), shape=())
            for index in (15, 17)
        ),
    )
    run = with_operations(run, *again)
    lost = tuple(replace(one, connected=False) for one in run.calls[0].sources[:1])
    later = tuple(
        replace(run.calls[0], key=key, tape=key, at=end + 1, targets=(Target(end),), sources=lost)
        for key, end in ((2, 15), (3, 17))
    )
    tapes = tuple(replace(run.tapes[0], key=key) for key in (2, 3))
    run = replace(run, calls=(*run.calls, *later), tapes=(*run.tapes, *tapes))
    assert ("GP207", 7) in proven(run)


def test_an_attribute_that_a_list_was_made_from():
    """The list still has the variable; what is computed with is a tensor that took its name."""
    text = """
        class Line:
            def __init__(self):
                self.w = tf.Variable(tf.ones((4, 4)))

        line = Line()
        variables = [line.w]
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ line.w - y))
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            {shrunk}
    """
    assert_findings(text.format(shrunk="line.w = 0.99 * line.w  # GP207"))
    assert_silent(text.format(shrunk="line.w.assign(0.99 * line.w)"))


NAMED = """
def updated(weights, gradients):
    {updated}

weights = {{"w": tf.Variable(tf.zeros((4, 4))), "b": tf.Variable(tf.zeros((4,)))}}
for _ in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ weights["w"] + weights["b"] - y))
    gradients = tape.gradient(loss, weights)
    weights = updated(weights, gradients){mark}
"""


def test_a_dict_of_new_values():
    """A function gives new values by name, and the name of the dict takes them."""
    new = "return {key: weights[key] - 0.1 * gradients[key] for key in weights}"
    assert_findings(NAMED.format(updated=new, mark="  # GP207"))
    assigned = """for key in weights:
        weights[key].assign_sub(0.1 * gradients[key])
    return weights"""
    assert_silent(NAMED.format(updated=assigned, mark=""))
