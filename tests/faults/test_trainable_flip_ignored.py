"""Edge cases of trainable-flip-ignored."""

from __future__ import annotations

import pytest

from snippets import assert_findings, assert_silent

FIT = "net.fit(np.zeros((8, 4)), np.zeros((8, 4)), verbose=0)"


def test_thawed_after_fit():
    """The flag of a part is read when the model is compiled."""
    assert_findings(
        f"""
        base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        base.trainable = False
        net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4)])
        net.compile(optimizer="sgd", loss="mse")
        {FIT}
        base.trainable = True  # GP106
        {FIT}
        """
    )


CALLED_BACK = """
class Thaw(keras.callbacks.Callback):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def {moment}(self, epoch=0, logs=None):
        if epoch == {epoch}:
            self.part.trainable = {flag}{mark}
            {then}

base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
base.trainable = False
net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4)])
net.compile(optimizer="sgd", loss="mse")
net.fit(np.zeros((8, 4)), np.zeros((8, 4)), epochs=6, callbacks=[Thaw(base)])
"""


def test_thawed_by_a_callback():
    """The step of `fit` was traced when the callback thaws a part of the model."""
    plain = {"moment": "on_epoch_begin", "epoch": 3, "flag": "True", "mark": "", "then": "pass"}
    assert_findings(CALLED_BACK.format(**{**plain, "mark": "  # GP106"}))
    assert_silent(CALLED_BACK.format(**{**plain, "flag": "False"}))
    again = "self.model.compile(optimizer='sgd', loss='mse')"
    assert_silent(CALLED_BACK.format(**{**plain, "then": again}))


def test_compiled_again():
    """`compile` reads the flags anew."""
    assert_silent(
        f"""
        base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4)])
        net.compile(optimizer="sgd", loss="mse")
        {FIT}
        base.trainable = False
        net.compile(optimizer="sgd", loss="mse")
        {FIT}
        """
    )


def test_the_list_that_was_read_too_early_is_no_second_fault():
    """What the list lacks follows from the flag."""
    text = """
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    base.trainable = False
    net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4)])

    def make_step(variables):
        @tf.function
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            return loss
        return step

    step = make_step(net.trainable_variables)
    for _ in range(20):
        step(x, y)
    base.trainable = True  # GP106
    for _ in range(20):
        step(x, y)
    """
    assert_findings(text)


OWN_STEP = """
class Distiller(keras.Model):
    def __init__(self, student):
        super().__init__()
        self.student = student

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.student(x, training=True) - y))
        weights = self.student.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {{"loss": loss}}

body = keras.layers.Dense(4, name="body")
student = keras.Sequential([keras.Input((4,)), body, keras.layers.Dense(4, name="head")])
body.trainable = False
net = Distiller(student)
net.compile(optimizer=keras.optimizers.Adam())
net.fit(np.zeros((8, 4)), np.zeros((8, 4)), verbose=0)
{between}
net.fit(np.zeros((8, 4)), np.zeros((8, 4)), verbose=0)
"""


def test_thawed_between_two_fits_of_an_own_step():
    """`fit` traces `train_step` once for each `compile`; its optimizer meets nothing new."""
    assert_findings(OWN_STEP.format(between="body.trainable = True  # GP106"))
    again = "body.trainable = True\nnet.compile(optimizer=keras.optimizers.Adam())"
    assert_silent(OWN_STEP.format(between=again))


def test_thawed_and_frozen_again():
    """A flag that stands as it stood when it was read harms nothing."""
    assert_silent(OWN_STEP.format(between="body.trainable = True\nbody.trainable = False"))


KEPT = """
class Learner:
    def __init__(self):
        self.body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="body")])
        self.head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="head")])
        self.body.trainable = False
        self.weights = self.body.trainable_variables + self.head.trainable_variables

    def thaw(self):
        self.body.trainable = True{mark}
        {after}

    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.head(self.body(x)) - y))
        gradients = tape.gradient(loss, self.weights)
        for weight, gradient in zip(self.weights, gradients):
            weight.assign_sub(0.1 * gradient)

learner = Learner()
learner.step(x, y)
learner.thaw()
learner.step(x, y)
"""


def test_thawed_after_the_list_was_kept():
    """A list is no view: it does not grow by what is thawed later."""
    assert_findings(KEPT.format(mark="  # GP106", after=""))


def test_the_list_is_read_again():
    """The flag first, then the list."""
    again = "self.weights = self.body.trainable_variables + self.head.trainable_variables"
    assert_silent(KEPT.format(mark="", after=again))


BY_ROUND = """
body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="body")])
net = keras.Sequential([keras.Input((4,)), body, keras.layers.Dense(4)])

def stepper():
    own = keras.optimizers.SGD(0.1)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        own.apply_gradients(zip(gradients, net.trainable_variables))

    return step

body.trainable = False
step = stepper()
for epoch in range(20):
    if epoch {test}:
        body.trainable = True{mark}
        {after}
    step(x, y)
"""


@pytest.mark.parametrize("test", ["== 5", "> 4", ">= 5"])
def test_thawed_in_a_later_round(test):
    """In the first round the branch is not taken, and the step is traced."""
    assert_findings(BY_ROUND.format(test=test, mark="  # GP106", after="pass"))
    assert_silent(BY_ROUND.format(test=test, mark="", after="step = stepper()"))


@pytest.mark.parametrize("test", ["== 0", "< 5"])
def test_thawed_in_the_first_round(test):
    """It comes before the trace."""
    assert_silent(BY_ROUND.format(test=test, mark="", after="pass"))


def test_a_step_for_each_phase():
    """The second one is traced when the flag is set; the first one is called no more."""
    text = BY_ROUND.format(test="== 5", mark="", after="pass")
    steps = "step, late = stepper(), stepper()"
    choice = "if epoch < 5:\n        step(x, y)\n    else:\n        late(x, y)"
    text = text.replace("step = stepper()", steps).replace("    step(x, y)", f"    {choice}")
    assert_silent(text)


def test_flags_set_by_a_helper():
    """A helper that is handed the flag flips it where it is called."""
    text = f"""
        def set_trainable(part, flag):
            for layer in part.layers:
                layer.trainable = {{value}}{{within}}

        base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        net = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(4)])
        set_trainable(base, False)
        net.compile(optimizer="sgd", loss="mse")
        {FIT}
        set_trainable(base, flag=True){{outside}}
        {FIT}
    """
    assert_findings(text.format(value="flag", within="", outside="  # GP106"))


FROZEN = """
BEFORE
kept = LIST
AFTER
for _ in range(30):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, kept)
    optimizer.apply_gradients(zip(gradients, kept))
"""


def frozen(listed, before="pass", after="pass"):
    """A loop that trains a list, and what happens before and after it is read."""
    return FROZEN.replace("BEFORE", before).replace("LIST", listed).replace("AFTER", after)


def test_frozen_after_the_list_was_kept():
    """It is no view either where it shrinks: the frozen part goes on training."""
    late = "encoder.trainable = False"
    assert_findings(frozen("model.trainable_variables", after=late + "  # GP106"))
    assert_silent(frozen("model.trainable_variables", late))
    # Who asks for what is frozen, and for nothing else, wants to train it.
    assert_silent(frozen("encoder.trainable_variables", after=late))
    assert_silent(frozen("decoder.trainable_variables", after=late))
