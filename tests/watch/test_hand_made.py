"""Loops with a rule, a penalty, weights and an average of their own, one mistake at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

import versions
from nursery import Nursery
from watch.test_causes import loud

RULE = """
from typing import NamedTuple
import numpy as np
import tensorflow as tf
keras = tf.keras
tf.random.set_seed(1)

class Batch(NamedTuple):
    x: tf.Tensor
    label: tf.Tensor
    weight: tf.Tensor

class Rule:
    def __init__(self, params, rate):
        self.params, self.rate = params, rate
        self.count = tf.Variable(0.0, trainable=False)
        self.first = [tf.Variable(tf.zeros_like(p), trainable=False) for p in params]
        self.second = [tf.Variable(tf.zeros_like(p), trainable=False) for p in params]

    def step(self, slopes):
        self.count.assign_add(1.0)
        for p, g, m, v in zip(self.params, slopes, self.first, self.second):
            m.assign(0.9 * m + 0.1 * g)
            v.assign(0.99 * v + 0.01 * g ** 2)
            root = tf.sqrt(v / (1.0 - 0.99 ** self.count)) + 1e-7
            p.assign_sub(self.rate * m / (1.0 - 0.9 ** self.count) / root)

rng = np.random.default_rng(1)
weights = [tf.Variable(rng.normal(size=s).astype("float32") / 2, name=n)
           for s, n in (((4, 4), "inner"), ((4,), "shift"), ((4, 4), "outer"))]
rule = Rule(weights, 0.02)
of_class = tf.constant([0.2, 1.0, 1.0, 3.0])

def score(x):
    return tf.tanh(x @ weights[0] + weights[1]) @ weights[2]

@tf.function
def step(batch):
    with tf.GradientTape() as tape:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(batch.label, score(batch.x))
        rare = tf.gather(of_class, batch.label)
        shrink = tf.nn.l2_loss(weights[0])
        loss = tf.reduce_mean(batch.weight * rare * each) + 1e-3 * shrink
    slopes = tape.gradient(loss, weights)
    clipped, _ = tf.clip_by_global_norm(slopes, 0.1)
    rule.step(clipped)
    return loss

for _ in range(24):
    x = rng.normal(size=(16, 4)).astype("float32")
    step(Batch(tf.constant(x), tf.constant(x.argmax(1)), tf.ones(16)))
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("right", "wrong", "code", "text"),
    [
        ("p.assign_sub", "p.assign_add", "GP504", "p.assign_add"),
        ("        self.count.assign_add(1.0)\n", "", "GP411", "** self.count"),
        ("rule.step(clipped)", "rule.step(slopes)", "GP513", "clipped, _"),
        ("rule.step(clipped)", "rule.step(clipped[:-1])", "GP404", "rule.step("),
        ("tape.gradient(loss, weights)", "tape.gradient(loss, weights[::-1])[:]", "GP403", "rule."),
        (" + 1e-3 * shrink", "", "GP703", "shrink = "),
        ("batch.weight * rare * each", "rare * each", "GP704", "loss = "),
        ("batch.weight * rare * each", "batch.weight * each", "GP704", "rare = "),
        ("", "", "", ""),
    ],
)
def test_rule(right, wrong, code, text, nursery: Nursery, tmp_path: Path):
    """The right program is silent; each mistake is named, at its line."""
    program = RULE.replace(right, wrong) if right else RULE
    found = [(one["code"], one["place"]["line"]) for one in loud(nursery, tmp_path, program)]
    lines = [n for n, line in enumerate(program.splitlines(), 1) if code and text in line]
    assert found in ([(code, line)] for line in lines) if code else found == []


KEPT = """
import tensorflow as tf
keras = tf.keras
keras.utils.set_random_seed(2)

def network():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])

class Learner:
    def __init__(self):
        self.online, self.target = network(), network()
        self.target.set_weights(self.online.get_weights())
        self.optimizer = keras.optimizers.Adam(0.01)
        self.rate = 1.0

    @tf.function
    def learn(self, x):
        wanted = 1.0 + 0.9 * self.target(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.online(x) - wanted))
        variables = self.online.trainable_variables
        slopes = tape.gradient(loss, variables)
        self.optimizer.apply_gradients([(1.0 * g, v) for g, v in zip(slopes, variables)])

    def copy(self):
        self.target.set_weights(self.online.get_weights())

learner = Learner()
for round in range(40):
    learner.learn(tf.random.normal((8, 3)))
    learner.rate *= 0.9
    if round % 10 == 9:
        learner.copy()
"""

HALVES = """set_weights([
            0.5 * (a + b) for a, b in zip(self.online.get_weights(), self.target.get_weights())])

learner"""


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("\n        self.target.set_weights(", "\n        self.online.set_weights(", "GP707"),
        ("network(), network()", "(one := network()), one", "GP707"),
        ("(1.0 * g, v)", "(self.rate * g, v)", "GP601"),
        ("self.optimizer.apply_gradients([", "changes = list([", "GP401"),
        ("", "", ""),
        ("set_weights(self.online.get_weights())\n\nlearner", HALVES, ""),
    ],
)
def test_target(right, wrong, code, nursery: Nursery, tmp_path: Path):
    """Copies to the wrong network, to itself, or half and half; a number in a comprehension."""
    program = KEPT.replace(right, wrong) if right else KEPT
    if wrong.endswith("set_weights("):
        program = program.replace(wrong + "self.online.get_", wrong + "self.target.get_")
    if code == "GP401":
        # A copy that is put in once is no training.
        program += "learner.online.set_weights(learner.target.get_weights())\n"
    assert [one["code"] for one in loud(nursery, tmp_path, program)] == [code] * bool(code)


RAISES = """
import keras
import tensorflow as tf

class Signed(keras.optimizers.Optimizer):
    def build(self, variables):
        super().build(variables)
        self.slots = [self.add_variable_from_reference(v, name="m") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        slot = self.slots[0]
        self.assign(slot, 0.9 * slot + gradient)
        self.assign_sub(variable, learning_rate * tf.sign(slot))

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
optimizer = Signed(0.01)
x = tf.ones((4, 3))

@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x)))
    {metric}
    slopes = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(slopes, model.trainable_variables)

step()
"""


@pytest.mark.tensorflow
def test_a_rule_that_raises(nursery: Nursery, tmp_path: Path):
    """One slot serves variables of two shapes; a metric is made in each trace."""
    versions.skip_without("3")
    (found,) = loud(nursery, tmp_path, RAISES.format(metric="pass"))
    assert (found["code"], found["place"]["line"]) == ("GP411", 13)
    made = RAISES.format(metric="seen = keras.metrics.Mean()").replace("slots[0]", "slots[-1]")
    made = made.replace("Signed(0.01)", "keras.optimizers.SGD(0.01)")
    (found,) = loud(nursery, tmp_path, made)
    assert (found["code"], found["place"]["line"]) == ("GP409", 23)
