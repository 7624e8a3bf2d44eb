"""Python values in traced steps."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.frozen import FrozenState
from records import at, healthy, proven
from snippets import assert_findings, assert_silent, suspects


def test_attribute():
    """An attribute that changes between calls."""
    assert_findings(
        """
        class Trainer:
            def __init__(self):
                self.weight = 0.0

            @tf.function
            def step(self, inputs, targets):
                with tf.GradientTape() as tape:
                    loss = self.weight * tf.reduce_mean(tf.square(model(inputs) - targets))  # GP601
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        trainer = Trainer()
        for epoch in range(3):
            trainer.weight = epoch / 3
            trainer.step(x, y)
        """
    )


def test_never_changes():
    """A setting that stays as it was may be frozen."""
    assert_silent(
        """
        class Trainer:
            def __init__(self, weight):
                self.weight = weight

            @tf.function
            def step(self, inputs, targets):
                with tf.GradientTape() as tape:
                    loss = self.weight * tf.reduce_mean(tf.square(model(inputs) - targets))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        trainer = Trainer(0.5)
        for _ in range(3):
            trainer.step(x, y)
        """
    )


def test_passed_as_tensor():
    """A tensor argument is read at each call."""
    assert_silent(
        """
        @tf.function
        def train(inputs, targets, weight):
            with tf.GradientTape() as tape:
                loss = weight * tf.reduce_mean(tf.square(model(inputs) - targets))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for epoch in range(3):
            train(x, y, tf.constant(epoch / 3))
        """
    )


def test_proven():
    """A number that the trace read has changed since, and nothing was traced again."""
    state = FrozenState("beta", "step", at(2), "1.0", "0.25", call=3, traces=1)
    assert proven(replace(healthy(), frozen=(state,))) == [("GP601", 2)]


def test_numpy_draws_while_tracing():
    """Noise, dropout and augmentation by NumPy are the same in every step."""
    assert_findings("""
        @tf.function
        def train(x, y):
            noisy = x + np.random.normal(0.0, 0.1, (8, 4))  # GP601
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(noisy) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        train(x, y)
    """)


def test_draws_that_are_meant():
    """In eager code, by TensorFlow, or behind a Python function that runs in each step."""
    assert_silent("""
        def augment(x):
            return x + np.random.normal(0.0, 0.1, x.shape).astype("float32")

        @tf.function
        def train(x, y):
            noisy = tf.numpy_function(augment, [x], tf.float32) + tf.random.normal((8, 4))
            noisy = tf.ensure_shape(noisy, (8, 4))
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(noisy) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        train(augment(x), y)
    """)


OWN = """
class Heavy(keras.optimizers.Optimizer):
    def build(self, variables):
        super().build(variables)
        self.speeds = {made}

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        speed = self.speeds[index]
        new = 0.9 * speed + gradient
        {keep}
        variable.assign_sub(learning_rate * new)

heavy = Heavy(learning_rate=0.1)

{traced}
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    heavy.apply_gradients(zip(gradients, model.trainable_variables))

for _ in range(9):
    step(x, y)
"""


def test_slots_of_an_own_optimizer_in_a_list():
    """The list is changed while tracing; each step reads what stood there then."""
    made, keep = "[tf.zeros_like(v) for v in variables]", "self.speeds[index] = new  # GP601"
    assert_findings(OWN.format(made=made, keep=keep, traced="@tf.function"))


def test_slots_that_are_variables():
    """A variable is changed in the graph; and in eager code a list does, too."""
    made = "[self.add_variable_from_reference(v, name='speed') for v in variables]"
    assert_silent(OWN.format(made=made, keep="speed.assign(new)", traced="@tf.function"))
    made = "[tf.zeros_like(v) for v in variables]"
    assert_silent(OWN.format(made=made, keep="self.speeds[index] = new", traced=""))


ENTRY = """
def make_step(settings):
    @tf.function
    def step(inputs, targets):
        with tf.GradientTape() as tape:
            loss = settings["weight"] * tf.reduce_mean(tf.square(model(inputs) - targets))  # READ
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    return step


settings = {"weight": 0.1}
step = make_step(settings)
for epoch in range(9):
    MADE
    step(x, y)
    settings["weight"] = 0.1 * epoch  # WRITTEN
"""


def test_an_entry_of_a_dict():
    """Read once, at trace; a step that is made anew reads it again."""
    kept = ENTRY.replace("MADE", "pass")
    assert_findings(kept.replace("READ", "GP601").replace("  # WRITTEN", ""))
    anew = ENTRY.replace("MADE", "step = make_step(settings)")
    assert not [one for one in suspects(anew) if one.fault.code == "GP601"]


ANNEALED = """
class Annealed(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(2)
        self.weight = START

    def train_step(self, data):
        inputs, targets = data
        with tf.GradientTape() as tape:
            error = tf.reduce_mean(tf.square(self.inner(inputs) - targets))
            loss = self.weight * error  # MARK
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}


class Warmer(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        CHANGE


annealed = Annealed()
annealed.compile(optimizer="adam")
annealed.fit(x, y, epochs=5, callbacks=[Warmer()])
"""


def test_a_callback_changes_the_model():
    """`train_step` was traced before; a variable would be read anew."""
    stuck = ANNEALED.replace("START", "0.0").replace("CHANGE", "self.model.weight = 0.1 * epoch")
    assert_findings(stuck.replace("MARK", "GP601"))
    mended = ANNEALED.replace("START", "tf.Variable(0.0, trainable=False)")
    mended = mended.replace("CHANGE", "self.model.weight.assign(0.1 * epoch)")
    assert_silent(mended.replace("  # MARK", ""))


WEIGHTS = """
    factors = [1.0, 0.0]

    def trainer(weights):
        @tf.function
        def train():
            with tf.GradientTape() as tape:
                error = tf.square(model(x) - y)
                parts = [tf.reduce_mean(error), tf.reduce_max(error)]
                loss = {loss}{mark}
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        return train

    train = trainer(factors)
    for phase in range(2):
        for turn in range(9):
            train()
        {change}
"""


def test_entries_of_a_list():
    """A list of loss weights, changed between two phases."""
    change = "factors[0], factors[1] = 0.5, 0.5"
    sums = "tf.add_n([w * part for w, part in zip(weights, parts)])"
    assert_findings(WEIGHTS.format(loss=sums, mark="  # GP601", change=change))
    assert_findings(WEIGHTS.format(loss="weights[0] * parts[0]", mark="  # GP601", change=change))
    assert_silent(WEIGHTS.format(loss=sums, mark="", change="print(factors[0])"))
    # Another entry, and entries that are variables.
    assert_silent(WEIGHTS.format(loss="weights[0] * parts[0]", mark="", change="factors[1] = 0.5"))
    variables = WEIGHTS.replace("[1.0, 0.0]", "[tf.Variable(1.0, trainable=False)] * 2")
    assert_silent(variables.format(loss=sums, mark="", change="factors[0].assign(0.5)"))


def test_a_counter_of_traces():
    """What only counts, and says what, counts traces on purpose."""
    text = """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(4)
                self.{name} = 0

            def call(self, inputs):
                return self.dense(inputs)

            def train_step(self, data):
                inputs, targets = data
                self.{name} += 1{mark}
                with tf.GradientTape() as tape:
                    loss = {factor}tf.reduce_mean(tf.square(self(inputs, training=True) - targets))
                gradients = tape.gradient(loss, self.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                return {{"loss": loss}}

        net = Net()
        net.compile(optimizer="adam")
        net.fit(x, y)
    """
    assert_silent(text.format(name="traces", mark="", factor=""))
    assert_findings(text.format(name="steps", mark="  # GP601", factor=""))
    assert_findings(text.format(name="traces", mark="  # GP601", factor="0.9**self.traces * "))
