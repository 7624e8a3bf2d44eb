"""Idioms of training loops: followed in right programs and in wrong ones.

Each program has one call `CUT(...)` on the way from the variables to the loss.
As `tf.identity` the program is right and silent; as `tf.round` the way is cut,
and the reader has to see it through the idiom.
"""

import textwrap

import pytest
from marks import HEADER, found

FORWARD = "tf.reduce_mean(tf.square(CUT(model(x)) - y))"
APPLY = "optimizer.apply_gradients(zip(gradients, model.trainable_variables))"

IDIOMS = {
    "a module that `tf.scan` calls": """
        class Cell(tf.Module):
            def __init__(self):
                super().__init__()
                self.kernel = tf.Variable(tf.ones([4, 4]))
            def __call__(self, state, row):
                return tf.tanh(row @ self.kernel + state)
        class Net(tf.Module):
            def __init__(self):
                super().__init__()
                self.cell = Cell()
                self.out = tf.Variable(tf.ones([4, 1]))
            def __call__(self, rows):
                states = tf.scan(self.cell, rows, initializer=tf.zeros([8, 4]))
                return states[-1] @ self.out
        net = Net()
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(CUT(net(x)) - y))
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """,
    "fast weights that a function unpacks": """
        class Regressor(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = keras.layers.Dense(4, activation="relu")
                self.second = keras.layers.Dense(4, activation="relu")
                self.last = keras.layers.Dense(1)
            def call(self, inputs):
                return self.last(self.second(self.first(inputs)))
        def functional(weights, inputs):
            w1, b1, w2, b2, w3, b3 = weights
            hidden = tf.nn.relu(tf.nn.relu(inputs @ w1 + b1) @ w2 + b2)
            return hidden @ w3 + b3
        net = Regressor()
        net(x)
        for _ in range(9):
            with tf.GradientTape() as outer:
                weights = [tf.identity(weight) for weight in net.trainable_weights]
                with tf.GradientTape() as inner:
                    inner.watch(weights)
                    loss = tf.reduce_mean(tf.square(functional(weights, x) - y))
                steps = inner.gradient(loss, weights)
                weights = [weight - 0.1 * step for weight, step in zip(weights, steps)]
                total = tf.reduce_mean(tf.square(CUT(functional(weights, x)) - y))
            gradients = outer.gradient(total, net.trainable_weights)
            optimizer.apply_gradients(zip(gradients, net.trainable_weights))
    """,
    "tape on self": """
        class Trainer:
            def begin(self):
                self.tape = tf.GradientTape()
            def step(self):
                self.begin()
                with self.tape:
                    loss = FORWARD
                gradients = self.tape.gradient(loss, model.trainable_variables)
                APPLY
        trainer = Trainer()
        for _ in range(9):
            trainer.step()
    """,
    "tape in a dict": """
        for _ in range(9):
            tapes = {"model": tf.GradientTape()}
            with tapes["model"]:
                loss = FORWARD
            gradients = tapes["model"].gradient(loss, model.trainable_variables)
            APPLY
    """,
    "tape in a list": """
        for _ in range(9):
            tapes = [tf.GradientTape() for _ in range(2)]
            with tapes[0], tapes[1]:
                loss = FORWARD
            gradients = tapes[1].gradient(loss, model.trainable_variables)
            APPLY
    """,
    "tape entered by hand": """
        for _ in range(9):
            tape = tf.GradientTape()
            tape.__enter__()
            loss = FORWARD
            tape.__exit__(None, None, None)
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
    """,
    "two tapes in one with": """
        other_optimizer = keras.optimizers.Adam()
        for _ in range(9):
            with tf.GradientTape() as first, tf.GradientTape() as second:
                loss = FORWARD
                other = tf.reduce_mean(encoder(x))
            gradients = first.gradient(loss, model.trainable_variables)
            APPLY
            seconds = second.gradient(other, encoder.trainable_variables)
            other_optimizer.apply_gradients(zip(seconds, encoder.trainable_variables))
    """,
    "exit stack": """
        import contextlib
        for _ in range(9):
            with contextlib.ExitStack() as stack:
                tape = stack.enter_context(tf.GradientTape())
                loss = FORWARD
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
    """,
    "pairs in a variable": """
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = FORWARD
            variables = model.trainable_variables
            pairs = list(zip(tape.gradient(loss, variables), variables))
            optimizer.apply_gradients(pairs)
    """,
    "comprehension": """
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = FORWARD
            variables = model.trainable_variables
            gradients = [tf.clip_by_norm(g, 1.0) for g in tape.gradient(loss, variables)]
            optimizer.apply_gradients([(g, v) for g, v in zip(gradients, variables)])
    """,
    "sources in a dict": """
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = FORWARD
            sources = {"all": model.trainable_variables}
            gradients = tape.gradient(loss, sources)
            optimizer.apply_gradients(zip(gradients["all"], sources["all"]))
    """,
    "loss grown in a list": """
        for _ in range(9):
            with tf.GradientTape() as tape:
                losses = []
                for part in range(4):
                    losses.append(FORWARD)
                loss = tf.add_n(losses) / len(losses)
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
    """,
    "loss grown in a TensorArray": """
        @tf.function
        def step():
            with tf.GradientTape() as tape:
                parts = tf.TensorArray(tf.float32, size=4)
                for i in tf.range(4):
                    parts = parts.write(i, FORWARD)
                loss = tf.reduce_sum(parts.stack())
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
        for _ in range(9):
            step()
    """,
    "loss summed in a loop": """
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = 0.0
                for part in range(4):
                    loss += FORWARD
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
    """,
    "wrapped apply": """
        class Clipped:
            def __init__(self, inner):
                self.inner = inner
            def apply_gradients(self, pairs):
                self.inner.apply_gradients([(tf.clip_by_norm(g, 1.0), v) for g, v in pairs])
        clipped = Clipped(optimizer)
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = FORWARD
            gradients = tape.gradient(loss, model.trainable_variables)
            clipped.apply_gradients(zip(gradients, model.trainable_variables))
    """,
    "partial": """
        import functools
        def loss_of(network, inputs, target):
            return tf.reduce_mean(tf.square(CUT(network(inputs)) - target))
        objective = functools.partial(loss_of, model, target=y)
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = objective(x)
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
    """,
    "own decorator": """
        import functools
        def logged(function):
            @functools.wraps(function)
            def inner(*args, **kwargs):
                print("step")
                return function(*args, **kwargs)
            return inner
        @logged
        def step():
            with tf.GradientTape() as tape:
                loss = FORWARD
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
        for _ in range(9):
            step()
    """,
    "decorator with arguments": """
        def repeated(times):
            def decorate(function):
                def inner(*args):
                    for _ in range(times):
                        function(*args)
                return inner
            return decorate
        @repeated(times=9)
        def step(inputs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(CUT(model(inputs)) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
        step(x)
    """,
    "applied in tf.cond": """
        @tf.function
        def step():
            with tf.GradientTape() as tape:
                loss = FORWARD
            gradients = tape.gradient(loss, model.trainable_variables)
            def update():
                APPLY
                return True
            tf.cond(tf.math.is_finite(loss), update, lambda: False)
        for _ in range(9):
            step()
    """,
    "forward in tf.cond": """
        @tf.function
        def step(flag):
            with tf.GradientTape() as tape:
                loss = tf.cond(flag, lambda: FORWARD, lambda: FORWARD)
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
        for _ in range(9):
            step(tf.constant(True))
    """,
    "value and gradient helper": """
        def value_and_gradient(function, variables):
            with tf.GradientTape() as tape:
                value = function()
            return value, tape.gradient(value, variables)
        for _ in range(9):
            loss, gradients = value_and_gradient(lambda: FORWARD, model.trainable_variables)
            APPLY
    """,
    "strategy.run": """
        strategy = tf.distribute.OneDeviceStrategy("CPU:0")
        def replica(inputs, target):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.square(CUT(model(inputs)) - target)) / 32.0
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
            return loss
        @tf.function
        def step(inputs, target):
            losses = strategy.run(replica, args=(inputs, target))
            return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)
        for _ in range(9):
            step(x, y)
    """,
    "batches from a generator": """
        def batches():
            for begin in range(0, 32, 8):
                yield x[begin:begin + 8], y[begin:begin + 8]
        for _ in range(9):
            for inputs, target in batches():
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(CUT(model(inputs)) - target))
                gradients = tape.gradient(loss, model.trainable_variables)
                APPLY
    """,
    "state in a dataclass": """
        from dataclasses import dataclass
        from typing import Any
        @dataclass
        class State:
            network: Any
            rule: Any
            seen: int = 0
        state = State(model, rule=optimizer)
        def step(state, inputs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(CUT(state.network(inputs)) - y))
            variables = state.network.trainable_variables
            state.rule.apply_gradients(zip(tape.gradient(loss, variables), variables))
            state.seen += 1
        for _ in range(9):
            step(state, x)
    """,
    "method of a base class": """
        class Base:
            def __init__(self, network):
                self.network = network
            def step(self):
                with tf.GradientTape() as tape:
                    loss = self.loss()
                variables = self.network.trainable_variables
                optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            def loss(self):
                raise NotImplementedError
        class Trainer(Base):
            def loss(self):
                return tf.reduce_mean(tf.square(CUT(self.network(x)) - y))
        trainer = Trainer(model)
        for _ in range(9):
            trainer.step()
    """,
    "super().train_step": """
        class Base(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1)
            def call(self, inputs):
                return CUT(self.dense(inputs))
            def train_step(self, data):
                inputs, target = data
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(self(inputs, training=True) - target))
                gradients = tape.gradient(loss, self.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                return {"loss": loss}
        class Net(Base):
            def train_step(self, data):
                logs = super().train_step(data)
                return {**logs, "more": 1.0}
        net = Net()
        net.compile(optimizer)
        net.fit(x, y)
    """,
    "tape given to a helper": """
        def update(tape, loss, network):
            gradients = tape.gradient(loss, network.trainable_variables)
            optimizer.apply_gradients(zip(gradients, network.trainable_variables))
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = FORWARD
            update(tape, loss, model)
    """,
    "scaled loss of Keras 3": """
        scaled = keras.mixed_precision.LossScaleOptimizer(optimizer)
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = FORWARD
                target = scaled.scale_loss(loss)
            gradients = tape.gradient(target, model.trainable_variables)
            scaled.apply_gradients(zip(gradients, model.trainable_variables))
    """,
    "fast weights": """
        w = tf.Variable(tf.random.normal((4, 1)))
        for _ in range(9):
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    before = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
                fast = w - 0.1 * inner.gradient(before, w)
                loss = tf.reduce_mean(tf.square(CUT(tf.matmul(x, fast)) - y))
            gradient = outer.gradient(loss, w)
            optimizer.apply_gradients([(gradient, w)])
    """,
    "steps in a closure": """
        def make_step(network, rule):
            @tf.function
            def step(inputs, target):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(CUT(network(inputs)) - target))
                variables = network.trainable_variables
                rule.apply_gradients(zip(tape.gradient(loss, variables), variables))
                return loss
            return step
        step = make_step(model, optimizer)
        for _ in range(9):
            step(x, y)
    """,
    "losses by name": """
        losses = {"square": lambda a, b: tf.reduce_mean(tf.square(CUT(a) - b))}
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = losses["square"](model(x), y)
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
    """,
    "tf.function called": """
        def forward(inputs):
            return CUT(model(inputs))
        fast = tf.function(forward, jit_compile=True)
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(fast(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
    """,
    "walrus and conditional": """
        for _ in range(9):
            with tf.GradientTape() as tape:
                if (loss := FORWARD) is None:
                    raise ValueError
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY if gradients else None
    """,
    "matched mode": """
        mode = unknown()
        for _ in range(9):
            with tf.GradientTape() as tape:
                match mode:
                    case "square":
                        loss = FORWARD
                    case _:
                        loss = FORWARD
            gradients = tape.gradient(loss, model.trainable_variables)
            APPLY
    """,
    "gradients stored for later": """
        class Trainer:
            def compute(self):
                with tf.GradientTape() as tape:
                    self.loss = FORWARD
                self.gradients = tape.gradient(self.loss, model.trainable_variables)
            def update(self):
                optimizer.apply_gradients(zip(self.gradients, model.trainable_variables))
        trainer = Trainer()
        for _ in range(9):
            trainer.compute()
            trainer.update()
    """,
}


def program(idiom: str, operation: str) -> str:
    """The program of an idiom, with an operation in place of `CUT`."""
    text = textwrap.dedent(IDIOMS[idiom]).replace("FORWARD", FORWARD).replace("APPLY", APPLY)
    assert "CUT(" in text
    return HEADER + text.replace("CUT(", f"{operation}(")


@pytest.mark.parametrize("idiom", IDIOMS)
def test_a_right_program_is_silent(idiom):
    """The idiom alone is no reason to speak."""
    assert found(program(idiom, "tf.identity"), "3", advice=False) == []


@pytest.mark.parametrize("idiom", IDIOMS)
def test_a_cut_is_seen_through_the_idiom(idiom):
    """The only way from the variables to the loss is cut, and nothing else."""
    text = program(idiom, "tf.round")
    lines = [number for number, line in enumerate(text.split("\n"), 1) if "tf.round(" in line]
    codes = found(text, "3", advice=False)
    assert {code for _, code in codes} == {"GP203"}
    assert {line for line, _ in codes} <= set(lines)


LEGACY = """
scaled = keras.mixed_precision.LossScaleOptimizer(optimizer)
for _ in range(9):
    with tf.GradientTape() as tape:
        loss = FORWARD
        target = scaled.get_scaled_loss(loss)
    gradients = scaled.get_unscaled_gradients(tape.gradient(target, model.trainable_variables))
    scaled.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_the_scaled_loss_of_keras_2():
    """Scaling by hand keeps the gradients of each variable."""
    text = HEADER.replace("from tensorflow import keras", "import tf_keras as keras")
    text += LEGACY.replace("FORWARD", FORWARD)
    assert found(text.replace("CUT(", "tf.identity("), "2", advice=False) == []
    cut = found(text.replace("CUT(", "tf.round("), "2", advice=False)
    assert [code for _, code in cut] == ["GP203"]


PAIRS = {
    "pairs in a variable": """
        pairs = list(zip(tape.gradient(loss, SOURCES), GIVEN))
        optimizer.apply_gradients(pairs)
    """,
    "through a wrapper": """
        def apply(rule, gradients, variables):
            rule.apply_gradients(zip(gradients, variables))
        apply(optimizer, tape.gradient(loss, SOURCES), GIVEN)
    """,
    "clipped in a comprehension": """
        gradients = [tf.clip_by_norm(g, 1.0) for g in tape.gradient(loss, SOURCES)]
        optimizer.apply_gradients([(g, v) for g, v in zip(gradients, GIVEN)])
    """,
    "on self": """
        class Trainer:
            def __init__(self, network):
                self.variables = network.trainable_variables
            def update(self, gradients):
                optimizer.apply_gradients(zip(gradients, self.variables))
        Trainer(OWNER).update(tape.gradient(loss, SOURCES))
    """,
    "in a dict": """
        lists = {"sources": SOURCES, "given": GIVEN}
        gradients = tape.gradient(loss, lists["sources"])
        optimizer.apply_gradients(zip(gradients, lists["given"]))
    """,
    "mapped": """
        gradients = tf.nest.map_structure(lambda g: 0.5 * g, tape.gradient(loss, SOURCES))
        optimizer.apply_gradients(zip(gradients, GIVEN))
    """,
}


@pytest.mark.parametrize("form", PAIRS)
@pytest.mark.parametrize("given", ["decoder", "encoder"])
def test_pairs_are_followed(form, given):
    """Gradients of the decoder belong to the decoder's variables."""
    text = HEADER + textwrap.dedent("""
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - y))
    """)
    text += textwrap.dedent(PAIRS[form]).replace("SOURCES", "decoder.trainable_variables")
    text = text.replace("GIVEN", f"{given}.trainable_variables").replace("OWNER", given)
    codes = {code for _, code in found(text, "3", advice=False)}
    assert codes == (set() if given == "decoder" else {"GP403"})
