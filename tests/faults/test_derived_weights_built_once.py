"""Edge cases of derived-weights-built-once."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.recording import EXTERNAL, Operation
from gradproof.evidence.run import Run
from records import (
    ADD,
    BIAS,
    READ_BIAS,
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


def test_in_build():
    """A weight that is transformed in `build` is a constant afterwards."""
    assert_findings(
        """
        class Gate(keras.layers.Layer):
            def build(self, shape):
                self.raw = self.add_weight(name="raw", shape=(4,), initializer="zeros")
                self.scale = tf.exp(self.raw)  # GP112

            def call(self, inputs):
                return inputs * self.scale

        net = keras.Sequential([keras.Input((4,)), Gate(), keras.layers.Dense(4)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


def _derived(*others: Operation) -> Run:
    """The bias was read before the tape opened, once for two calls."""
    run = with_operations(
        unconnected(healthy(), BIAS),
        operation(X, EXTERNAL, line=3),
        operation(READ_BIAS, "ReadVariableOp", line=1, taped=False, reads=frozenset({BIAS})),
        *others,
    )
    again = replace(run.calls[0], key=2, step=1)
    return replace(run, calls=(*run.calls, again))


def test_proven():
    """Several steps depend on one and the same early read."""
    assert proven(_derived()) == [("GP112", 1)]


def test_proven_where_a_helper_derived_it():
    """The line that keeps what a helper derived stands where the variable came from."""
    run = _derived()
    made = replace(run.variables[1], made_at=at(1))
    run = with_operations(
        replace(run, variables=(run.variables[0], made)),
        operation(X, "VarHandleOp", taped=False, stack=(at(20), at(8), at(1))),
        operation(
            READ_BIAS,
            "ReadVariableOp",
            taped=False,
            reads=frozenset({BIAS}),
            stack=(at(20), at(9), at(3)),
        ),
    )
    assert proven(run) == [("GP112", 9)]


def test_forward_pass_before_the_tape():
    """What was computed from data before the tape is a forward pass."""
    early = operation(ADD, "AddV2", (READ_BIAS, Y), line=2, taped=False)
    assert proven(_derived(early))[0][0] == "GP201"


def test_read_for_one_step_only():
    """A read that serves a single call may be repeated in each step."""
    run = _derived()
    assert proven(replace(run, calls=run.calls[:1]))[0][0] == "GP201"


BEFORE = """
    raw = tf.Variable(tf.zeros(4), name="raw")
    {before}
    for _ in range(3):
        with tf.GradientTape() as tape:
            {inside}
            loss = tf.reduce_mean(tf.square(x * scale - y))
        optimizer.apply_gradients([(tape.gradient(loss, raw), raw)])
"""


def test_before_the_loop():
    """Arithmetic of variables alone, run once, is no forward pass."""
    once = "scale = tf.nn.softplus(raw)"
    assert_findings(BEFORE.format(before=f"{once}  # GP112", inside="pass"))
    assert_silent(BEFORE.format(before="pass", inside=once))


def test_a_forward_pass_before_the_loop():
    """With data in it, it is one: another fault."""
    assert_findings(BEFORE.format(before="scale = x + raw  # GP201", inside="pass"))


def test_derived_by_a_helper():
    """What a helper derives is told where its result is kept."""
    assert_findings(
        """
        def raw():
            return {"scale": tf.Variable(tf.zeros(4), name="raw_scale")}

        def positive(values):
            return {name: tf.nn.softplus(value) for name, value in values.items()}

        class Scaled:
            def __init__(self):
                self.raw = raw()
                self.kept = positive(self.raw)  # GP112

            def train(self):
                for _ in range(3):
                    with tf.GradientTape() as tape:
                        loss = tf.reduce_mean(tf.square(x * self.kept["scale"] - y))
                    variables = list(self.raw.values())
                    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))

        Scaled().train()
        """
    )
