"""Edge cases of accumulation-under-strategy."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.run import Crash, Run
from gradproof.faults.accumulation_under_strategy import prove
from records import at, healthy
from snippets import assert_findings, assert_silent

MERGE = "`merge_call` called while defining a new graph or a tf.function."
BUFFER = "You must specify an aggregation method to update a MirroredVariable in Replica Context."


def ended(message: str, error: str | None = None) -> Run:
    """The healthy run under two replicas, ended by an exception."""
    run = healthy()
    apply = replace(run.applies[0], replicas=2, error=error)
    crash = Crash("RuntimeError", message, (at(9), at(3)))
    return replace(run, applies=(apply,), crash=crash)


def test_the_failed_apply_is_named():
    """The call of the optimizer that failed is the place, not the step's call."""
    (found,) = prove(ended(MERGE, f"RuntimeError: {MERGE}"))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel", "dense/bias")
    assert "condition" in found.message


def test_a_buffer_without_aggregation():
    """A variable that sums up gradients in each replica says how to join them."""
    (found,) = prove(ended(BUFFER))
    assert found.place == at(3)
    assert "aggregation" in found.message


def test_other_exceptions():
    """Another exception under a strategy is another fault."""
    assert list(prove(ended("Graph execution error"))) == []
    assert list(prove(healthy())) == []


STRATEGY = """
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    chosen = keras.optimizers.SGD(0.01)
    measure = keras.losses.MeanSquaredError({options})

def replica_step(a, b, flag):
    with tf.GradientTape() as tape:
        loss = {loss}
    gradients = tape.gradient(loss, net.trainable_variables)
    {apply}

@tf.function
def step(a, b):
    strategy.run(replica_step, args=(a, b, True))

step(x, y)
"""

APPLY = "chosen.apply_gradients(zip(gradients, net.trainable_variables))"


def test_found_under_a_condition():
    """An `if` on a tensor around the application, in a replica."""
    apply = "if tf.reduce_sum(a) > 0.0:\n        " + APPLY + "  # GP414"
    assert_findings(STRATEGY.format(options="", loss="measure(b, net(a))", apply=apply))


def test_silent_without_one():
    """No condition, or one that Python decides while it traces."""
    for apply in (APPLY, "if flag:\n        " + APPLY):
        assert_silent(STRATEGY.format(options="", loss="measure(b, net(a))", apply=apply))


def test_found_in_a_branch():
    """`tf.cond` calls what applies."""
    apply = "\n    ".join(
        [
            "def move():",
            f"    {APPLY}  # GP414",
            "    return True",
            "tf.cond(tf.reduce_sum(a) > 0.0, move, lambda: False)",
        ]
    )
    assert_findings(STRATEGY.format(options="", loss="measure(b, net(a))", apply=apply))


def test_a_condition_around_the_helper_that_applies():
    """The condition stands where the helper is called; so it counts, a number does not."""
    apply = "\n    ".join(
        [
            "def move():",
            f"    {APPLY}{{mark}}",
            "if {test}:",
            "    move()",
        ]
    )
    text = STRATEGY.replace("{apply}", apply).replace("def step(a, b):", "def step(a, b, last):")
    text = text.replace("(a, b, True)", "(a, b, last)").replace("step(x, y)", "step(x, y, {last})")
    given = {"options": "", "loss": "measure(b, net(a))", "test": "flag"}
    assert_findings(text.format(**given, last="tf.constant(True)", mark="  # GP414"))
    assert_silent(text.format(**given, last="True", mark=""))
