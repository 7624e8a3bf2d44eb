"""Edge cases of frozen-bn-moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradproof.evidence.applies import Assigned
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.faults.frozen_bn_moves import prove
from records import at, healthy
from snippets import assert_findings, assert_silent

MEAN = 3


def assigned(run: Run, *, frozen: bool = True, **changes: Any) -> Run:
    """A layer's forward pass assigns to its moving mean."""
    mean = Variable(MEAN, "norm/mean", (4,), trainable=False, owner="layer", holder="Norm")
    return replace(
        run,
        variables=(*run.variables, replace(mean, **changes)),
        assigned=(Assigned(MEAN, "assign", 3, (at(3),), frozen=frozen),),
    )


def test_statistics_of_a_frozen_layer():
    """The mean moves although the layer is frozen."""
    (found,) = prove(assigned(healthy()))
    assert found.place == at(3)
    assert found.variables == ("norm/mean",)


def test_statistics_of_a_layer_that_trains():
    """They have to move."""
    assert not list(prove(assigned(healthy(), frozen=False)))


def test_a_counter():
    """A counter of calls is no statistic."""
    assert not list(prove(assigned(healthy(), dtype="int64", shape=())))


def test_a_layer_of_keras():
    """What Keras's own layers do is as Keras means it."""
    assert not list(prove(assigned(healthy(), layer_made_at=at(1))))


HEAD = """
{body}
head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
with tf.GradientTape() as tape:
    features = body(x{call}){mark}
    loss = tf.reduce_mean(tf.square(head(features) - y))
variables = {list}
gradients = tape.gradient(loss, variables)
optimizer.apply_gradients(zip(gradients, variables))
"""
LOADED = """
norm = keras.layers.BatchNormalization()
body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), norm])
body.load_weights("body.weights.h5")
"""
LIBRARY = 'body = keras.applications.ResNet50(include_top=False, pooling="avg")'
TRAINING = ", training=True"
ONLY_HEAD = "head.trainable_variables"


@pytest.mark.parametrize("body", [LOADED, LIBRARY])
def test_left_out_but_in_training_mode(body: str):
    """Only the head is in the list, and the statistics of the body move."""
    text = HEAD.format(body=body, call=TRAINING, mark="  # GP510", list=ONLY_HEAD)
    assert_findings(text)


@pytest.mark.parametrize("body", [LOADED, LIBRARY])
def test_body_that_stands_still(body: str):
    """Frozen; in inference mode; or trained as well."""
    frozen = body + "\nbody.trainable = False"
    assert_silent(HEAD.format(body=frozen, call=TRAINING, mark="", list=ONLY_HEAD))
    assert_silent(HEAD.format(body=body, call=", training=False", mark="", list=ONLY_HEAD))
    both = "body.trainable_variables + head.trainable_variables"
    assert_silent(HEAD.format(body=body, call=TRAINING, mark="", list=both))


def test_without_normalisation():
    """A VGG has no statistics."""
    body = 'body = keras.applications.VGG16(include_top=False, pooling="avg")'
    assert_silent(HEAD.format(body=body, call=TRAINING, mark="", list=ONLY_HEAD))


COPY = """
def network():
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(4), keras.layers.BatchNormalization()]
    )


online, body = network(), network()
body.set_weights(online.get_weights())
"""


def test_a_copy_of_a_network_of_this_program():
    """A target network follows the one that is trained; its statistics are no loaded ones."""
    assert_silent(HEAD.format(body=COPY, call=TRAINING, mark="", list=ONLY_HEAD))
