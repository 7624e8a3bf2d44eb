"""Python values in traced steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Apply, Pair, Step, Update
from gradproof.evidence.frozen import FrozenState
from gradproof.faults.python_state_frozen_at_trace import settle
from gradproof.finding import Finding
from records import (
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    at,
    healthy,
    operation,
    proven,
    with_operations,
)
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
    shown = text.replace("with tf", 'tf.print("trace", self.{name})\n                with tf', 1)
    assert_silent(shown.format(name="traces", mark="", factor=""))
    assert_findings(shown.format(name="steps", mark="  # GP601", factor=""))


MOMENTUM = """
    {start}

    @tf.function
    def train(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        for i, (v, g) in enumerate(zip(model.trainable_variables, gradients)):
            {step}
        return loss

    for _ in range(3):
        train(x, y)
"""


@pytest.mark.parametrize(
    ("start", "step"),
    [
        (
            "kept = [tf.zeros_like(v) for v in model.trainable_variables]",
            "kept[i] = 0.9 * kept[i] + g  # GP601\n            v.assign_sub(0.1 * kept[i])",
        ),
        (
            "kept = {}",
            "kept[i] = 0.9 * kept.get(i, 0.0) + g  # GP601\n            v.assign_sub(kept[i])",
        ),
        (
            "kept = {i: tf.zeros_like(v) for i, v in enumerate(model.trainable_variables)}",
            "kept[i] = 0.9 * kept[i] + g  # GP601\n            v.assign_sub(0.1 * kept[i])",
        ),
    ],
)
def test_momenta_that_a_trace_keeps_in_python(start, step):
    """The next call does not get them."""
    assert_findings(MOMENTUM.format(start=start, step=step))
    eager = MOMENTUM.format(start=start, step=step).replace("    @tf.function\n", "")
    assert_silent(eager.replace("  # GP601", ""))


@pytest.mark.parametrize(
    ("start", "step"),
    [
        (
            "kept = [tf.Variable(tf.zeros_like(v)) for v in model.trainable_variables]",
            "kept[i].assign(0.9 * kept[i] + g)\n            v.assign_sub(0.1 * kept[i])",
        ),
        (
            "zero = tf.zeros(())",
            "kept = [zero] * 4\n            kept[i] = kept[i] + g\n            v.assign_sub(kept[i])",
        ),
        (
            "kept = [1.0] * 4",
            "kept[i] = tf.convert_to_tensor(kept[i])\n            v.assign_sub(kept[i] * g)",
        ),
        (
            "seen = {}",
            "seen[i] = g\n            v.assign_sub(0.1 * seen[i])",
        ),
    ],
)
def test_what_a_trace_makes_and_uses_itself(start, step):
    """Variables carry on, and what is written before it is read starts anew on purpose."""
    assert_silent(MOMENTUM.format(start=start, step=step))


def test_a_state_of_a_loop_within_the_step():
    """The step sets it before it goes on with it."""
    text = """
    class Cell(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(tf.ones((4, 4)))
            self.h = tf.zeros((8, 4))

        def run(self, x):
            {reset}
            for _ in range(3):
                self.h = tf.tanh(x @ self.w + self.h)  {mark}
            return self.h

    cell = Cell()

    @tf.function
    def train(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(cell.run(x) - y))
        cell.w.assign_sub(0.1 * tape.gradient(loss, cell.w))

    train(x, y)
    """
    assert_silent(text.format(reset="self.h = tf.zeros((8, 4))", mark=""))
    assert_findings(text.format(reset="pass", mark="# GP601"))


def test_a_state_that_the_step_puts_back():
    """A cell that is unrolled in one call, and reset when it is done, hands nothing on."""
    text = """
    class Cell(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)
            self.last = None

        def call(self, x):
            h = self.dense(x)
            if self.last is not None:
                h = 0.5 * h + 0.5 * self.last
            self.last = h  {mark}
            return h

        def reset(self):
            self.last = None

    class Unrolled(keras.Model):
        def __init__(self):
            super().__init__()
            self.cell = Cell()

        def call(self, x):
            for _ in range(3):
                h = self.cell(x)
            {end}
            return h

    net = Unrolled()
    net(x)

    @tf.function
    def train(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))

    train(x, y)
    """
    assert_silent(text.format(end="self.cell.reset()", mark=""))
    assert_findings(text.format(end="pass", mark="# GP601"))


def test_random_numbers_in_a_class_that_nobody_makes():
    """A step that updates runs again and again; what else is traced may run once."""
    text = """
    class Trainer:
        def __init__(self, model):
            self.model = model
            self.optimizer = keras.optimizers.Adam()

        @tf.function
        def {name}(self, x):
            with tf.GradientTape() as tape:
                noise = np.random.normal(size=(8, 4)){mark}
                loss = tf.reduce_mean(tf.square(self.model(x + noise)))
            gradients = tape.gradient(loss, self.model.trainable_variables)
            {apply}
            return loss

        def fit(self, data):
            for x in data:
                self.{name}(x)
    """
    apply = "self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables))"
    assert_findings(text.format(name="step", apply=apply, mark="  # GP601"))
    assert_silent(text.format(name="slopes", apply="self.slopes_seen(gradients)", mark=""))


ZERO, DECAY, DECAYED, SUM, RATE, DELTA, WRITE = range(BIAS_GRADIENT + 1, BIAS_GRADIENT + 8)


def test_a_momentum_that_stays_zero_is_confirmed():
    """The run shows that the trace starts from zeros, where source shows why."""
    run = with_operations(
        healthy(),
        operation(ZERO, "Const", line=6, taped=False, value=0.0),
        operation(DECAY, "Const", line=6, taped=False, shape=(), value=0.9),
        operation(DECAYED, "Mul", (DECAY, ZERO), line=6, taped=False),
        operation(SUM, "AddV2", (DECAYED, KERNEL_GRADIENT), line=6, taped=False),
        operation(RATE, "Const", line=7, taped=False, shape=(), value=0.1),
        operation(DELTA, "Mul", (RATE, SUM), line=7, taped=False),
        operation(
            WRITE, "AssignSubVariableOp", (DELTA,), 7, False, writes=frozenset({KERNEL}), shape=None
        ),
    )
    pair = Pair(KERNEL, name="dense/kernel")
    apply = Apply(1, (at(7),), 1, WRITE, "assign_sub", pairs=(pair,), traced=True, call=1)
    steps = tuple(Step(n, 1, (Update(KERNEL, 0.8, 2.0, 0.08, 1.0),)) for n in (1, 2))
    run = replace(run, optimizers=(), applies=(apply,), steps=steps, counted=2)
    suspicion = Finding("", place=at(6), symptoms=("custom-optimizer-bug",))
    proof = settle(suspicion, run)
    assert proof is not None
    assert proof.variables == ("dense/kernel",)
    assert proof.evidence == {"updates": 2}
    assert settle(replace(suspicion, place=at(3)), run) is None
    assert settle(replace(suspicion, symptoms=()), run) is None


@pytest.mark.parametrize(
    "test", ["random.random() < 0.5", "rng.random() < 0.5", "np.random.uniform() < 0.5"]
)
def test_chance_while_tracing(test: str):
    """Whether the truth is fed is decided once, by Python's numbers or NumPy's."""
    text = """
        import random

        rng = np.random.default_rng(0)

        @tf.function
        def step(given):
            with tf.GradientTape() as tape:
                guess = model(given, training=True)
                truth = y if TEST else guess
                loss = tf.reduce_mean(tf.square(guess - y + truth))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for _ in range(3):
            step(x)
    """
    line = "truth = y if TEST else guess"
    assert_findings(text.replace(line, f"{line}  # GP601").replace("TEST", test))
    assert_silent(text.replace("TEST", "tf.random.uniform(()) < 0.5"))


def test_a_seed_that_is_drawn_once():
    """A seed that stays the same is what seeds are for."""
    assert_silent("""
        import random

        @tf.function
        def step():
            noise = tf.random.normal((32, 4), seed=random.randint(0, 99))
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x + noise) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for _ in range(3):
            step()
    """)


TAKEN = """
def weights():
    while True:
        yield 0.5

betas = weights()

@tf.function
def train(x, y, beta):
    {take}
    with tf.GradientTape() as tape:
        loss = beta * tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

for _ in range(9):
    train(x, y, {given})
"""


def test_an_iterator_that_a_trace_takes_from():
    """`next` of a Python iterator runs once, while tracing."""
    assert_findings(TAKEN.format(take="beta = next(betas)  # GP601", given="1.0"))


@pytest.mark.parametrize(
    ("take", "given"),
    [
        ("pass", "tf.constant(next(betas))"),
        ("betas = iter([0.5]); beta = next(betas)", "1.0"),
        ("first = next(iter([0.5, 0.2]))", "1.0"),
    ],
)
def test_iterators_that_a_trace_may_take_from(take: str, given: str):
    """It is taken from outside, or made in the step itself."""
    assert_silent(TAKEN.format(take=take, given=given))


SETTINGS = """
drop = keras.layers.Dropout(0.1)
noise = keras.layers.GaussianNoise(0.1)
net = keras.Sequential([keras.layers.Input((4,)), drop, noise, keras.layers.Dense(4)])
adam = keras.optimizers.Adam(0.01)

{decorated}
def train(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
    gradients = tape.gradient(loss, net.trainable_variables)
    adam.apply_gradients(zip(gradients, net.trainable_variables))

for epoch in range(9):
    train(x, y)
    {then}
"""


@pytest.mark.parametrize(
    "then",
    [
        "drop.rate = 0.1 + 0.01 * epoch",
        "net.layers[1].stddev = 0.5 / (epoch + 1)",
        "adam.beta_1 = 0.9 + 0.01 * epoch",
        "if epoch == 5: drop.rate = 0.3",
    ],
)
def test_numbers_of_layers_and_optimizers(then: str):
    """A trace has read them; those of other layers, and what are variables, take effect."""
    found = SETTINGS.format(decorated="@tf.function", then=then + "  # GP601")
    assert_findings(found)
    assert_silent(SETTINGS.format(decorated="", then=then))


@pytest.mark.parametrize(
    "then",
    [
        "adam.learning_rate = 0.01 / (epoch + 1)",
        "drop.rate = 0.1",
        "drop.note = epoch",
        "if epoch == 8: drop.rate = 0.3; train = tf.function(train)",
        "keras.layers.Dropout(0.5).rate = 0.1 * epoch",
    ],
)
def test_settings_that_a_trace_sees(then: str):
    """The learning rate is a variable, and a step that is traced again reads all anew."""
    assert_silent(SETTINGS.format(decorated="@tf.function", then=then))


def test_a_number_that_changes_after_the_last_step():
    """Nobody calls the traced step again."""
    text = SETTINGS.format(decorated="@tf.function", then="pass")
    assert_silent(text + "drop.rate = 0.0\n")


WEIGHTED = """
weights = np.ones(4, "float32")

@tf.function
def train(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(weights * tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

"""


def test_an_array_that_changes_after_the_trace():
    """A trace takes an array in as it is; what is put into it later, nobody sees."""
    marked = WEIGHTED.replace("- y))", "- y))  # GP601")
    for change in ("weights[1] = 5.0", "weights = np.zeros(4, 'float32')"):
        assert_findings(f"{marked}for step in range(10):\n    train(x, y)\n    {change}\n")


def test_an_array_that_is_ready_before_the_trace():
    """It is filled first, or the function is not called again, or reads a variable."""
    assert_silent(f"{WEIGHTED}weights[1] = 5.0\nfor step in range(10):\n    train(x, y)\n")
    assert_silent(f"{WEIGHTED}train(x, y)\nweights[1] = 5.0\n")
    kept = WEIGHTED.replace('np.ones(4, "float32")', 'tf.Variable(np.ones(4, "float32"))')
    assert_silent(
        f"{kept}for step in range(10):\n    train(x, y)\n    weights.assign(2 * weights)\n"
    )
