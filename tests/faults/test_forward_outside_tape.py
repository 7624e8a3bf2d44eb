"""Forward passes that the tape does not see."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.gradients import Source, Tape
from records import (
    ADD,
    BIAS,
    KERNEL,
    MATMUL,
    MEAN,
    READ_KERNEL,
    TANH,
    X,
    at,
    healthy,
    operation,
    proven,
    unconnected,
    with_operations,
)
from snippets import assert_findings, assert_silent


def test_in_a_loop():
    """The model is called before the tape, epoch after epoch."""
    assert_findings(
        """
        for epoch in range(3):
            output = model(x)  # GP201
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(output - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_loss_after_the_tape():
    """A loss after the block is no more recorded than one before."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            output = model(x)
        loss = tf.reduce_mean(tf.square(output - y))  # GP201
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_targets_before():
    """Targets of another network need no tape."""
    assert_silent(
        """
        target = encoder(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - target))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
        """
    )


def test_called_helper():
    """A function that is called inside the block records inside it."""
    assert_silent(
        """
        def loss_of(inputs, targets):
            return tf.reduce_mean(tf.square(model(inputs) - targets))

        with tf.GradientTape() as tape:
            loss = loss_of(x, y)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_model_built_before():
    """A first call that only builds the model is no forward pass of the loss."""
    assert_silent(
        """
        model(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """The target depends on reads from before the tape opened."""
    before = [
        replace(one, tapes=frozenset())
        for one in healthy().recordings[0].operations
        if one.index <= ADD
    ]
    run = with_operations(unconnected(healthy(), KERNEL, BIAS), *before)
    tape = replace(run.tapes[0], opened=ADD + 1, watched=frozenset())
    assert proven(replace(run, tapes=(tape,)))[0][0] == "GP201"


def test_a_pass_that_chose_the_actions():
    """A policy acts first and is asked again: only the second pass is to be recorded."""
    read = frozenset({KERNEL})
    run = with_operations(
        unconnected(healthy(), KERNEL),
        operation(READ_KERNEL, "ReadVariableOp", line=1, taped=False, reads=read),
        operation(MATMUL, "ArgMax", (READ_KERNEL,), line=1, taped=False),
        operation(TANH, "ReadVariableOp", line=3, taped=False, reads=read),
        operation(ADD, "Mul", (TANH, MATMUL), line=3, taped=False),
    )
    tape = replace(run.tapes[0], opened=ADD + 1, watched=frozenset())
    assert proven(replace(run, tapes=(tape,)))[0] == ("GP201", 3)


MANAGED = """
import contextlib

class Trainer:
    @contextlib.contextmanager
    def recording(self):
        {before}
        with tf.GradientTape() as tape:
            self.tape = tape
            {inside}
        {after}

    def step(self):
        with {entered} as tape:
            loss = tf.reduce_mean(tf.square(model(x){mark} - y))
        gradients = {asked}.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

Trainer().step()
"""


def test_context_managers_of_the_file():
    """The block of a `with` runs where the generator yields."""
    whole = {"before": "pass", "inside": "yield tape", "after": "pass", "mark": ""}
    for asked in ("tape", "self.tape"):
        assert_silent(MANAGED.format(**whole, entered="self.recording()", asked=asked))
    late = {"before": "yield", "inside": "pass", "after": "pass", "mark": "  # GP201"}
    spread = MANAGED.replace("(model(x){mark} - y)", "(\n                model(x){mark}\n - y)")
    assert_findings(spread.format(**late, entered="self.recording()", asked="self.tape"))


def test_a_managed_tape_on_a_stack():
    """What a stack has entered goes on recording until the stack is closed."""
    assert_silent(
        """
        import contextlib

        @contextlib.contextmanager
        def recording():
            with tf.GradientTape() as tape:
                yield tape

        def step():
            with contextlib.ExitStack() as stack:
                tape = stack.enter_context(recording())
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        step()
        """
    )


def test_what_one_method_leaves_to_another():
    """Two methods of one object are told in their own lines, not where both are called."""
    assert_findings(
        """
        class Agent:
            def __init__(self):
                self.kept = []

            def act(self, state):
                self.kept.append(model(state))  # GP201

            def learn(self):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(tf.stack(self.kept) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        agent = Agent()
        for _ in range(3):
            agent.act(x)
            agent.learn()
        """
    )


def test_only_a_penalty_is_recorded():
    """The prediction was kept by another method; what moves the weights is their own size."""
    text = """
        class Fit:
            def __init__(self):
                self.net = keras.Sequential([keras.layers.Dense(1)])

            def forward(self, x):
                self.given = self.net(x)

            def loss(self, y):
                size = tf.add_n([tf.nn.l2_loss(one) for one in self.net.trainable_variables])
                return tf.reduce_mean(tf.square(self.given - y)) + 0.01 * size

            def step(self, x, y):
                {before}
                with tf.GradientTape() as tape:
                    {inside}
                    loss = self.loss(y)
                gradients = tape.gradient(loss, self.net.trainable_variables)
                optimizer.apply_gradients(zip(gradients, self.net.trainable_variables))

        fit = Fit()
        for _ in range(3):
            fit.step(x, y)
    """
    call = "self.forward(x)"
    assert_findings(text.format(before=f"{call}  # GP201", inside="pass"))
    assert_silent(text.format(before="pass", inside=call))


def test_what_came_before_beside_what_comes_now():
    """A ratio to what the policy said before the update is one of two calls."""
    assert_silent("""
        before = encoder(x)
        for _ in range(3):
            with tf.GradientTape() as tape:
                ratio = tf.exp(encoder(x) - before)
                size = tf.add_n([tf.nn.l2_loss(one) for one in encoder.trainable_variables])
                loss = -tf.reduce_mean(ratio * y) + 0.01 * size
            gradients = tape.gradient(loss, encoder.trainable_variables)
            optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    """)


def test_a_model_of_unknown_outputs_is_called_as_well():
    """What the tape recorded is the call, however little is known of the model."""
    assert_silent("""
        inputs = keras.Input((4,))
        net = keras.Model(inputs, given_elsewhere(inputs))
        before = net(x)
        for _ in range(3):
            with tf.GradientTape() as tape:
                size = tf.add_n([tf.nn.l2_loss(one) for one in net.trainable_variables])
                loss = 0.01 * size + tf.reduce_mean(tf.square(net(x) - before))
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """)


def test_a_tape_made_for_minimize():
    """A tape that is made in the call has seen nothing of the loss."""
    late = """
        loss = tf.reduce_mean(tf.square(model(x) - y))  # GP201
        optimizer.minimize(loss, model.trainable_variables, tape=tf.GradientTape())
        """
    assert_findings(late, keras="2")
    right = """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        optimizer.minimize(loss, model.trainable_variables, tape=tape)
        """
    assert_silent(right, keras="2")


def test_two_variables_in_one_line():
    """One line is outside of the tape, not each of its variables."""
    assert_findings(
        """
        w, b = tf.Variable(tf.zeros((4, 1))), tf.Variable(0.0)
        outputs = tf.matmul(x, w) + b  # GP201
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(outputs - y))
        gradients = tape.gradient(loss, [w, b])
        optimizer.apply_gradients(zip(gradients, [w, b]))
        """
    )


PENALTIES = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = {layer}

    def call(self, inputs):
        {added}
        return self.body(inputs)

    def train_step(self, data):
        inputs, targets = data
        loss = tf.reduce_mean(tf.square(self(inputs, training=True) - targets)){mark}
        with tf.GradientTape() as tape:
            total = loss + sum(self.losses)
        gradients = tape.gradient(total, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {{"loss": total}}


net = Net()
net.compile(optimizer="adam")
net.fit(x, y)
"""


def test_penalties_that_nobody_adds():
    """Where no layer has any, the sum of the penalties under the tape is a constant."""
    plain = PENALTIES.format(layer="keras.layers.Dense(1)", added="pass", mark="  # GP201")
    assert_findings(plain)
    added = "self.add_loss(tf.reduce_sum(inputs))"
    assert_silent(PENALTIES.format(layer="keras.layers.Dense(1)", added=added, mark=""))
    assert_silent(PENALTIES.format(layer="helpers.layer()", added="pass", mark=""))


RESIDUAL = """
with tf.GradientTape() as outer:
    u = model(x)EARLY
    with tf.GradientTape() as inner:
        inner.watch(x)
        v = LATE
    slope = inner.gradient(v, x, unconnected_gradients="zero")
    loss = tf.reduce_mean(tf.square(slope + v - y))
gradients = outer.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_what_a_watched_tensor_was_used_for_before():
    """The slope of a model by its input, asked of a tape that saw no call of the model."""
    assert_findings(RESIDUAL.replace("EARLY", "  # GP201").replace("LATE", "u"))
    assert_silent(RESIDUAL.replace("EARLY", "").replace("LATE", "model(x)"))
    # Part of the target the tape did see.
    assert_silent(RESIDUAL.replace("EARLY", "").replace("LATE", "u * x"))


def test_what_a_watched_tensor_was_used_for_before_in_a_run():
    """No operation from the tensor to the target was recorded."""
    run = healthy()
    tape = Tape(2, 1, (at(4),), opened=MEAN, closed=10, watches=((X, at(4)),))
    slope = Source(None, operation=X, given="tensor", connected=None)
    call = replace(run.calls[0], key=2, tape=2, sources=(slope,), zeros=True, inner=True)
    run = replace(run, tapes=(*run.tapes, tape), calls=(call, *run.calls))
    assert proven(run) == [("GP201", 3)]
    seen = replace(run.recordings[0].operations[MEAN], tapes=frozenset({1, 2}))
    assert proven(with_operations(run, seen)) == []
