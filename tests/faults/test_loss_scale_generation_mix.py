"""Edge cases of loss-scale-generation-mix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.gradients import Target
from gradproof.evidence.ledger import Audit
from gradproof.evidence.recording import Operation
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.fault import Verdict
from gradproof.faults.loss_scale_generation_mix import find, prove, settle
from gradproof.finding import Finding
from gradproof.source import read
from records import (
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    MEAN,
    at,
    healthy,
    operation,
    with_apply,
    with_call,
    with_operations,
)
from snippets import assert_findings, assert_silent, mended_snippet


def test_methods_of_keras_2():
    """They are gone in Keras 3, and right in Keras 2."""
    snippet = """
        scaled = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(0.1))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
            target = scaled.get_scaled_loss(loss){first}
        gradients = tape.gradient(target, model.trainable_variables)
        gradients = scaled.get_unscaled_gradients(gradients){second}
        scaled.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(snippet.format(first="  # GP505", second="  # GP505"))
    assert_silent(snippet.format(first="", second=""), keras="2")


def test_methods_of_keras_2_where_nothing_tells_the_generation():
    """What TensorFlow brings today is Keras 3, where they fail: a warning, not advice."""
    text = """
import tensorflow as tf

scaled = tf.keras.mixed_precision.LossScaleOptimizer(tf.keras.optimizers.SGD(0.1))
loss = scaled.get_scaled_loss(loss)
"""
    assert {finding.level for finding in find(read(text, "train.py"))} == {"warning"}


ASKED = """
import {keras}
import tensorflow as tf


def scaled(optimizer, loss):
    if hasattr(optimizer, "scale_loss"):
        return optimizer.scale_loss(loss)
    return optimizer.get_scaled_loss(loss){first}


def unscaled(optimizer, gradients):
    {guard}
        return {second}


def train(model, dataset):
    optimizer = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    for x, y in dataset:
        with tf.GradientTape() as tape:
            loss = scaled(optimizer, tf.reduce_mean(tf.square(model(x) - y)))
        gradients = unscaled(optimizer, tape.gradient(loss, model.trainable_variables))
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
CALL = "optimizer.get_unscaled_gradients(gradients)"
RETURN, LATER = "return gradients", f"return {CALL}\n    if True:"


def test_a_program_that_asks_which_generation_it_has():
    """The methods of Keras 2 are called where they exist, in a branch or behind one."""
    guards = [
        f"if hasattr(optimizer, 'get_unscaled_gradients'):\n        return {CALL}\n    if True:",
        f"if isinstance(optimizer, Old):\n        return {CALL}\n    else:",
        f"if not hasattr(optimizer, 'get_unscaled_gradients'):\n        {RETURN}\n    {LATER}",
    ]
    for guard in guards:
        text = ASKED.format(keras="keras", first="", guard=guard, second="gradients")
        assert list(find(read(text, "train.py", "3"))) == []


def test_a_condition_that_tells_no_generations_apart():
    """A switch for half precision says nothing of the optimizer."""
    text = ASKED.format(keras="keras", first="", guard="if HALF:", second=CALL)
    assert len(list(find(read(text, "train.py", "3")))) == 1


FACTOR, SCALED, DIVIDED = BIAS_GRADIENT + 1, BIAS_GRADIENT + 2, BIAS_GRADIENT + 3


def scaled_run(run: Run, scale: float = 32768.0) -> Run:
    """The optimizer divides what it is given by a scale."""
    audit = Audit(
        1,
        1,
        KERNEL,
        "SGD",
        gradient_norm=0.8,
        change_norm=2.4e-6,
        terms=(("learning rate", 0.1), ("loss scale", scale)),
    )
    kernel, bias = run.applies[0].pairs
    pairs = (replace(kernel, handed=KERNEL_GRADIENT), replace(bias, handed=BIAS_GRADIENT))
    return replace(with_apply(run, pairs=pairs), audits=(audit,))


def test_a_loss_that_was_not_scaled():
    """Keras 3 divides by 32768 all the same."""
    (found,) = prove(scaled_run(healthy()))
    assert found.place == at(6)
    assert "divides its gradients by 32768" in found.message
    # What the other half makes of the steps, where it is the missing one, is told once.
    assert "exploding-gradient" in found.symptoms


def test_a_loss_that_was_scaled():
    """Both halves are there."""
    run = with_operations(
        scaled_run(healthy()),
        operation(FACTOR, "Const", shape=(), value=32768.0),
        operation(SCALED, "Mul", (MEAN, FACTOR), shape=()),
    )
    assert not list(prove(with_call(run, targets=(Target(SCALED),))))


def test_gradients_scaled_by_hand():
    """Somebody multiplies the gradients before they are handed over."""
    run = with_operations(
        scaled_run(healthy()),
        operation(FACTOR, "Const", shape=(), value=32768.0),
        operation(SCALED, "Mul", (KERNEL_GRADIENT, FACTOR)),
    )
    kernel, bias = run.applies[0].pairs
    assert not list(prove(with_apply(run, pairs=(replace(kernel, handed=SCALED), bias))))


SCALE = 9


def with_scale(run: Run, *later: Operation) -> Run:
    """The optimizer's scale is a variable of its own, read once more by the user."""
    scale = Variable(SCALE, "loss_scale_optimizer/dynamic_scale", (), role="optimizer")
    read_scale = operation(FACTOR, "ReadVariableOp", shape=(), reads=frozenset({SCALE}))
    run = replace(run, variables=(*run.variables, scale))
    return with_operations(run, read_scale, *later)


def test_a_scaled_loss_that_nobody_uses():
    """Named where the loss was scaled in vain."""
    run = with_scale(scaled_run(healthy()), operation(SCALED, "Mul", (MEAN, FACTOR), 4, shape=()))
    (found,) = prove(with_apply(run, at=SCALED + 1))
    assert found.place == at(4)
    assert "is not scaled" in found.message


def test_gradients_divided_twice():
    """The user divides, and the optimizer does: named at the user's line."""
    run = with_scale(
        scaled_run(healthy()),
        operation(SCALED, "Mul", (MEAN, FACTOR), shape=()),
        operation(DIVIDED, "RealDiv", (KERNEL_GRADIENT, FACTOR), 5, taped=False),
    )
    kernel, bias = run.applies[0].pairs
    run = with_call(run, targets=(Target(SCALED),))
    (found,) = prove(with_apply(run, pairs=(replace(kernel, handed=DIVIDED), bias)))
    assert found.place == at(5)
    assert "32768 once more" in found.message
    averaged = with_operations(run, operation(DIVIDED + 1, "Const", shape=(), value=4.0))
    mean = operation(DIVIDED, "RealDiv", (KERNEL_GRADIENT, DIVIDED + 1), 5, taped=False)
    averaged = with_operations(averaged, mean)
    assert not list(prove(with_apply(averaged, pairs=(replace(kernel, handed=DIVIDED), bias))))


@pytest.mark.parametrize(("kind", "number"), [("RealDiv", 32768.0), ("Mul", 1.0 / 32768.0)])
def test_gradients_divided_by_the_number_of_the_scale(kind: str, number: float):
    """The user writes out the number that the optimizer divides by."""
    run = with_scale(
        scaled_run(healthy()),
        operation(SCALED, "Mul", (MEAN, FACTOR), shape=()),
        operation(DIVIDED, "Const", shape=(), value=number),
        operation(DIVIDED + 1, kind, (KERNEL_GRADIENT, DIVIDED), 5, taped=False),
    )
    kernel, bias = run.applies[0].pairs
    run = with_call(run, targets=(Target(SCALED),))
    (found,) = prove(with_apply(run, pairs=(replace(kernel, handed=DIVIDED + 1), bias)))
    assert found.place == at(5)


def test_no_scale():
    """An optimizer that divides by nothing."""
    assert not list(prove(scaled_run(healthy(), scale=1.0)))


def test_a_method_that_is_gone_and_was_never_called():
    """Code for the other generation, behind a question which one it is."""
    gone = Finding("`get_scaled_loss` is gone in Keras 3; Keras 3 unscales inside `apply`")
    assert settle(gone, healthy()) is Verdict.CLEARED
    assert settle(gone, replace(healthy(), generations=("2",))) is None
    assert settle(Finding("the gradients are unscaled"), healthy()) is None


def test_a_flag_that_was_asked_before():
    """What a condition's name holds may tell the generations apart, as the condition may."""
    text = """
        scaling = keras.mixed_precision.LossScaleOptimizer(optimizer)
        old = {flag}
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
            scaled = scaling.get_scaled_loss(loss) if old else scaling.scale_loss(loss){mark}
        gradients = tape.gradient(scaled, model.trainable_variables)
        scaling.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_silent(text.format(flag='hasattr(scaling, "get_scaled_loss")', mark=""))
    assert_findings(text.format(flag="len(model.layers) > 1", mark="  # GP505"))


ASIDE = """
scaled = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(0.1))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
    target = scaled.{scale}(loss)
gradients = tape.gradient({of}, model.trainable_variables){mark}
{unscale}
scaled.apply_gradients(zip(gradients, model.trainable_variables))
"""
UNSCALE = "gradients = scaled.get_unscaled_gradients(gradients)"


def test_the_loss_as_it_was_before():
    """It was scaled, and the gradients are taken of the other tensor."""
    new = {"scale": "scale_loss", "unscale": ""}
    assert_findings(ASIDE.format(**new, of="loss", mark="  # GP505"))
    assert_silent(ASIDE.format(**new, of="target", mark=""))
    old = {"scale": "get_scaled_loss", "unscale": UNSCALE}
    assert_findings(ASIDE.format(**old, of="loss", mark="  # GP505"), keras="2")
    assert_silent(ASIDE.format(**old, of="target", mark=""), keras="2")


def test_a_loss_that_is_scaled_in_a_branch():
    """Either tensor may be the one that is differentiated."""
    text = ASIDE.format(scale="scale_loss", unscale="", of="loss", mark="")
    branch = "if len(y) > 3:\n        loss = scaled.scale_loss(loss)"
    assert_silent(text.replace("target = scaled.scale_loss(loss)", branch))


def test_the_scaled_loss_is_taken():
    """The mend knows the name that the scaled loss has."""
    after = mended_snippet(ASIDE.format(scale="scale_loss", unscale="", of="loss", mark=""))
    assert "tape.gradient(target, model.trainable_variables)" in after


COMPILED = """
keras.mixed_precision.set_global_policy("{policy}")


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.out = keras.layers.Dense(4, dtype="float32")

    def call(self, inputs):
        return self.out(inputs)

    def train_step(self, data):
        a, b = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(a) - b))
            {scale}
        gradients = tape.gradient(loss, self.trainable_variables){mark}
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {{"loss": loss}}


net = Net()
net.compile(optimizer=keras.optimizers.SGD(0.1){options})
net.fit(x, y)
"""


def compiled(
    scale: str = "pass", policy: str = "mixed_float16", options: str = "", mark: str = ""
) -> str:
    """A step of an own model whose optimizer `compile` may have wrapped."""
    return COMPILED.format(scale=scale, policy=policy, options=options, mark=mark)


def test_an_optimizer_that_compile_wraps():
    """Keras 3 puts its loss scaling around it, and a step of one's own has to scale."""
    assert_findings(compiled(mark="  # GP505"))
    assert_silent(compiled("loss = self.optimizer.scale_loss(loss)"))
    assert_silent(compiled(policy="float32"))
    assert_silent(compiled(options=", auto_scale_loss=False"))
    assert_silent(compiled(), keras="2")


def test_methods_that_the_generation_is_known_by():
    """Of `hasattr(optimizer, ...)` one branch runs, once it is known which Keras it is."""
    asked = """if hasattr(self.optimizer, "{name}"):
                loss = self.optimizer.{name}(loss)"""
    assert_silent(compiled(asked.format(name="scale_loss")))
    assert_findings(compiled(asked.format(name="get_scaled_loss"), mark="  # GP505"))
    assert_silent(compiled(asked.format(name="scale_loss")), keras="2")


EITHER = compiled(
    scale="""if hasattr(self.optimizer, "scale_loss"):
                loss = self.optimizer.scale_loss(loss)
            else:
                loss = self.optimizer.get_scaled_loss(loss)""",
).replace(
    "        self.optimizer.apply",
    """        if hasattr(self.optimizer, "get_unscaled_gradients"):
            gradients = self.optimizer.get_unscaled_gradients(gradients)
        self.optimizer.apply""",
)


@pytest.mark.parametrize("half", ["scale_loss", "get_scaled_loss", "get_unscaled_gradients"])
def test_a_program_for_either_generation(half: str):
    """Each is read for itself: half of a scaling is wrong where its branch runs."""
    text = (
        "import tensorflow as tf\nfrom tensorflow import keras\nx = y = tf.ones((8, 4))\n" + EITHER
    )
    assert list(find(read(text, "train.py"))) == []
    broken = text.replace(f"self.optimizer.{half}(loss)", "loss")
    broken = broken.replace(f"self.optimizer.{half}(gradients)", "gradients")
    assert len(list(find(read(broken, "train.py")))) == 1


def test_a_program_for_keras_3_that_asks_for_the_other_half():
    """Whoever scales by `scale_loss` on no condition has no Keras 2."""
    text = "import tensorflow as tf\nfrom tensorflow import keras\nx = y = tf.ones((8, 4))\n"
    branches = """if hasattr(self.optimizer, "scale_loss"):
                loss = self.optimizer.scale_loss(loss)
            else:
                loss = self.optimizer.get_scaled_loss(loss)"""
    assert branches in EITHER
    text += EITHER.replace(branches, "loss = self.optimizer.scale_loss(loss)")
    assert list(find(read(text, "train.py"))) == []


BY_HAND = """
scaled = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(0.1){options})
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
    target = scaled.scale_loss(loss)
gradients = tape.gradient(target, model.trainable_variables)
gradients = [g / {divisor} for g in gradients]{mark}
scaled.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    ("divisor", "options"),
    [
        ("scaled.dynamic_scale", ""),
        ("tf.cast(scaled.dynamic_scale, g.dtype)", ""),
        ("2.0**15", ""),
        ("1024.0", ", initial_scale=1024.0"),
    ],
)
def test_gradients_that_the_program_divides_itself(divisor: str, options: str):
    """Keras 3 divides them in `apply`, so they are divided twice."""
    text = BY_HAND.format(divisor=divisor, options=options, mark="  # GP505")
    assert_findings(text)


def test_gradients_divided_by_another_number():
    """A mean over parts, say; and Keras 2 leaves the division to the program."""
    assert_silent(BY_HAND.format(divisor="4.0", options="", mark=""))
    old = BY_HAND.format(divisor="scaled.loss_scale", options="", mark="")
    assert_silent(old.replace("scaled.scale_loss", "scaled.get_scaled_loss"), keras="2")


def test_a_divisor_that_a_function_reads_first():
    """The scale gets a name in the function that divides by it."""
    text = """
        def unscaled(gradients, scaled):
            scale = tf.cast(scaled.{read}, tf.float32)
            return [g / scale for g in gradients]{mark}

        scaled = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(0.1))
        with tf.GradientTape() as tape:
            target = scaled.scale_loss(tf.reduce_mean(tf.square(model(x) - y)))
        gradients = tape.gradient(target, model.trainable_variables)
        gradients = unscaled(gradients, scaled)
        scaled.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.format(read="dynamic_scale", mark="  # GP505"))
    assert_silent(text.format(read="iterations", mark=""))
