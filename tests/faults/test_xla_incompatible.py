"""Edge cases of xla-incompatible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash, Run
from gradproof.faults.xla_incompatible import prove
from records import at, healthy
from snippets import assert_findings, assert_silent

KERNEL = (
    "Detected unsupported operations when trying to compile graph __inference_step_1"
    "[_XlaMustCompile=true] on XLA_CPU_JIT: PyFunc (No registered 'PyFunc' OpKernel for "
    'XLA_CPU_JIT devices)\nThe op is created at: \nFile "home/me/train.py", line 30, in <module>\n'
    'File "home/me/train.py", line 4, in step\n\ttf2xla conversion failed'
)
SHAPE = (
    "Input 1 to node `x` with op EmptyTensorList must be a compile-time constant.\n\n"
    "XLA compilation requires that operator arguments be evaluated at compile time."
)


def ended(message: str) -> Run:
    """The healthy run, ended by an exception at line 6."""
    return replace(healthy(), crash=Crash("InvalidArgumentError", message, (at(6),)))


def test_the_operation_and_its_line_are_named():
    """The message tells which operation it is, and where the user's code makes it."""
    (found,) = prove(ended(KERNEL))
    assert "`PyFunc`" in found.message
    assert found.place == at(4)
    assert found.related[0].place == at(6)


def test_a_shape_that_is_not_known():
    """Without a line in the message it is the line of the call."""
    (found,) = prove(ended(SHAPE))
    assert "`EmptyTensorList`" in found.message
    assert "shape" in found.message
    assert found.place == at(6)


@pytest.mark.parametrize(
    "message", ["Graph execution error", "unsupported operations for this device", ""]
)
def test_other_exceptions(message):
    """What says nothing of XLA is another fault."""
    assert list(prove(ended(message))) == []


def test_no_crash():
    """A step that compiles is fine."""
    assert list(prove(healthy())) == []


COMPILED = """
@tf.function({flag})
def train(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    {line}
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


for _ in range(3):
    train(x, y)
"""
COMPILE = "jit_compile=True"


@pytest.mark.parametrize(
    "line",
    ["tf.print(loss)", "tf.py_function(print, [loss], [])", "text = tf.strings.as_string(loss)"],
)
def test_refused_in_source(line: str):
    """XLA has no such operation."""
    assert_findings(COMPILED.format(flag=COMPILE, line=line + "  # GP606"))
    assert_silent(COMPILED.format(flag="", line=line))
    assert_silent(COMPILED.format(flag="jit_compile=False", line=line))


def test_compiled_in_source():
    """XLA has these; and nobody knows what is printed behind a condition."""
    for line in ("tf.debugging.assert_greater(loss, -1.0)", "print('traced')", "tf.unique(y[0])"):
        assert_silent(COMPILED.format(flag=COMPILE, line=line))
    guarded = COMPILED.format(flag=COMPILE, line="if VERBOSE:\n        tf.print(loss)")
    assert_silent("VERBOSE = tf.io.gfile.exists('v')\n" + guarded)
