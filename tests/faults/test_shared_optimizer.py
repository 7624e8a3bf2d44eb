"""Edge cases of shared-optimizer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Optimizer
from gradproof.evidence.run import Run
from gradproof.faults.shared_optimizer import prove, settle
from gradproof.finding import Finding
from records import BIAS, KERNEL, at, healthy, proven
from snippets import assert_findings, assert_silent


def two_lists(line: int = 7, **changes: object) -> Run:
    """The kernel is applied on line 6, the bias on another one."""
    run = healthy()
    first, second = run.applies[0], run.applies[0]
    first = replace(first, pairs=first.pairs[:1], known=frozenset({KERNEL}), counted=1)
    second = replace(second, key=2, pairs=second.pairs[1:], stack=(at(line),), **changes)
    steps = tuple(
        replace(step, apply=key, updates=tuple(u for u in step.updates if u.variable == variable))
        for step in run.steps
        for key, variable in ((1, KERNEL), (2, BIAS))
    )
    return replace(run, applies=(first, second), steps=steps)


REFUSED = {
    "known": frozenset({KERNEL}),
    "error": "ValueError: Unknown variable: <Variable path=dense/bias>",
    "counted": 0,
}


def test_refused_in_the_same_step():
    """The optimizer refuses the second list; whose it should be, only source can tell."""
    run = two_lists(**REFUSED)
    assert [code for code, _ in proven(run)] == ["GP407"]
    seen = settle(Finding("two names", place=at(7)), run)
    assert seen is not None
    assert "it answered with ValueError: Unknown variable" in seen.message
    assert settle(Finding("two names", place=at(9)), run) is None


def test_refused_while_another_stays_unused():
    """The optimizer of the second list is there, and never called."""
    run = two_lists(**REFUSED)
    idle = Optimizer(2, "Adam", made_at=at(2))
    assert proven(replace(run, optimizers=(*run.optimizers, idle))) == [("GP417", 7)]


def test_another_stays_unused():
    """It works, but the optimizer of the second list is never called."""
    run = two_lists()
    idle = Optimizer(2, "Adam", made_at=at(2))
    assert proven(replace(run, optimizers=(*run.optimizers, idle))) == [("GP417", 7)]


def test_one_for_both():
    """One optimizer for two lists is a decision where no other stays unused."""
    assert list(prove(two_lists())) == []


def test_later_phase():
    """A new model in a later phase is another fault."""
    run = two_lists(**REFUSED)
    first = replace(run.applies[0], counted=40)
    run = replace(run, applies=(first, run.applies[1]))
    assert [code for code, _ in proven(run)] == ["GP407"]


def test_unused_alone():
    """An optimizer that is never used says nothing by itself."""
    run = healthy()
    idle = Optimizer(2, "Adam", made_at=at(2))
    assert list(prove(replace(run, optimizers=(*run.optimizers, idle)))) == []


TWO = """
with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
first = tape.gradient(loss, encoder.trainable_variables)
second = tape.gradient(loss, decoder.trainable_variables)
{one}.apply_gradients(zip(first, encoder.trainable_variables))
{two}.apply_gradients(zip(second, decoder.trainable_variables)){mark}
"""


def test_found_by_name_and_by_idleness():
    """Two names for one optimizer; or one optimizer twice, and its twin never."""
    assert_findings(
        "a = b = keras.optimizers.Adam(1e-3)\n" + TWO.format(one="a", two="b", mark="  # GP417")
    )
    made = "a = keras.optimizers.Adam(1e-3)\nb = keras.optimizers.Adam(1e-3)\n"
    assert_findings(made + TWO.format(one="a", two="a", mark="  # GP417"))


def test_silent_with_two_optimizers():
    """Each network has its own; or one takes the joined list."""
    made = "a = keras.optimizers.Adam(1e-3)\nb = keras.optimizers.Adam(1e-3)\n"
    assert_silent(made + TWO.format(one="a", two="b", mark=""))


BUILT_FOR_BOTH = """
actor_optimizer, critic_optimizer = 0, 0
actor_optimizer = keras.optimizers.Adam(0.01)
OTHER = keras.optimizers.Adam(0.02)
actor_optimizer.build(encoder.trainable_variables + decoder.trainable_variables)


def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(x)))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    actor_optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x)))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    actor_optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))  # MARK


for _ in range(9):
    step()
"""


def test_built_for_both():
    """Shared on purpose, unless one that is named after a network stands by."""
    named = BUILT_FOR_BOTH.replace("OTHER", "decoder_optimizer")
    assert_findings(named.replace("MARK", "GP417"))
    assert_silent(BUILT_FOR_BOTH.replace("OTHER", "spare").replace("  # MARK", ""))


def test_from_keys():
    """`dict.fromkeys` puts one and the same optimizer under all names."""
    text = """
    nets = {{"a": encoder, "b": decoder}}

    class Lab:
        def __init__(self):
            self.optimizers = {made}

        def train(self, batch):
            for name in ("a", "b"):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(decoder(encoder(batch))))
                found = nets[name].trainable_variables
                pairs = zip(tape.gradient(loss, found), found)
                self.optimizers[name].apply_gradients(pairs){mark}

    Lab().train(x)
    """
    one = "dict.fromkeys(('a', 'b'), keras.optimizers.Adam(1e-3))"
    one = text.format(made=one, mark="").replace("(1e-3))\n", "(1e-3))  # GP417\n", 1)
    assert_findings(one)
    each = "{name: keras.optimizers.Adam(1e-3) for name in ('a', 'b')}"
    assert_silent(text.format(made=each, mark=""))


@pytest.mark.parametrize(
    "made",
    ["dict.fromkeys(nets, keras.optimizers.Adam(0.1))", "{name: optimizer for name in nets}"],
)
def test_one_optimizer_for_every_key(made: str):
    """A dict of optimizers that are one and the same."""
    text = """
        nets = {"one": encoder, "two": decoder}
        optimizers = MADE
        BUILD
        for _ in range(3):
            with tf.GradientTape(persistent=True) as tape:
                loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
            for name, net in nets.items():
                gradients = tape.gradient(loss, net.trainable_variables)
                optimizers[name].apply_gradients(zip(gradients, net.trainable_variables))
    """
    assert_findings(text.replace("MADE", f"{made}  # GP417").replace("BUILD", ""))
    each = "{name: keras.optimizers.Adam(0.1) for name in nets}"
    assert_silent(text.replace("MADE", each).replace("BUILD", ""))
    built = 'optimizers["one"].build(encoder.variables + decoder.variables)'
    assert_silent(text.replace("MADE", made).replace("BUILD", built))
