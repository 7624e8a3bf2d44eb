"""Tensors that leave TensorFlow on their way to the loss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.recording import EXTERNAL, Conversion
from gradproof.faults.numpy_on_loss_path import settle
from gradproof.finding import Finding
from records import (
    KERNEL,
    MATMUL,
    TANH,
    Y,
    at,
    healthy,
    operation,
    proven,
    unconnected,
    with_operations,
)
from snippets import assert_findings, assert_silent


def test_numpy_function():
    """A NumPy function turns the tensor into an array."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.convert_to_tensor(np.mean(np.square(model(x) - y)))  # GP202
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_predict():
    """`predict` returns arrays."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model.predict(x) - y))  # GP202
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_beside_the_path():
    """Printing and data preparation are beside the path."""
    assert_silent(
        """
        batch = np.clip(x.numpy(), -1.0, 1.0)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(batch) - y))
            print("loss", float(loss), loss.numpy())
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_target_without_gradient():
    """A target from another network may come as an array."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            target = encoder(x).numpy()
            loss = tf.reduce_mean(tf.square(decoder(x) - target))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
        """
    )


def test_proven():
    """A recorded value left for NumPy, and a constant came back."""
    run = with_operations(unconnected(healthy(), KERNEL), operation(TANH, EXTERNAL, line=3))
    left = Conversion(MATMUL, "numpy", (at(3),), at=TANH, tapes=frozenset({1}))
    run = replace(run, recordings=(replace(run.recordings[0], conversions=(left,)),))
    assert proven(run) == [("GP202", 3)]


def test_a_size_is_no_way():
    """That labels are as many as the rows does not make them the way that values take."""
    run = with_operations(
        unconnected(healthy(), KERNEL),
        operation(TANH, EXTERNAL, line=3),
        operation(Y, "Shape", (MATMUL,)),
    )
    assert proven(run) == [("GP203", 4)]
    left = Conversion(MATMUL, "numpy", (at(3),), at=TANH, tapes=frozenset({1}))
    run = replace(run, recordings=(replace(run.recordings[0], conversions=(left,)),))
    assert proven(run) == [("GP202", 3)]


def test_a_print_is_no_fault():
    """A value that leaves for a print, while its way goes on, is fine."""
    run = healthy()
    left = Conversion(MATMUL, "numpy", (at(3),), at=TANH, tapes=frozenset({1}))
    run = replace(run, recordings=(replace(run.recordings[0], conversions=(left,)),))
    assert proven(run) == []


def test_taken_unseen():
    """NumPy reads a tensor by its buffer: what was made a line earlier ends there."""
    suspicion = Finding("it leaves TensorFlow", place=at(4))
    run = with_operations(unconnected(healthy(), KERNEL), operation(TANH, EXTERNAL, line=3))
    settled = settle(suspicion, run)
    assert isinstance(settled, Finding)
    assert settled.variables == ("dense/kernel",)
    assert settle(suspicion, healthy()) is None


DETOUR = """
both = encoder.trainable_variables + decoder.trainable_variables
with tf.GradientTape() as tape:
    code = encoder(x)
    image = decoder(TAKEN)  # MARK
    loss = tf.reduce_mean(tf.square(image - x)) + tf.reduce_mean(tf.square(code))
optimizer.apply_gradients(zip(tape.gradient(loss, both), both))
"""


def test_a_detour_into_another_network():
    """A small loss of its own does not train an encoder for its decoder."""
    assert_findings(DETOUR.replace("TAKEN", "code.numpy()").replace("MARK", "GP202"))
    assert_silent(DETOUR.replace("TAKEN", "code").replace("  # MARK", ""))


def test_a_number_beside_the_networks():
    """A weight that is taken out on purpose enters no network."""
    assert_silent(
        """
        both = encoder.trainable_variables + decoder.trainable_variables
        with tf.GradientTape() as tape:
            code = encoder(x)
            weight = np.abs(code.numpy())
            loss = tf.reduce_mean(tf.square(decoder(code) - x)) + tf.reduce_mean(weight * code)
        optimizer.apply_gradients(zip(tape.gradient(loss, both), both))
        """
    )


def test_left_in_the_function_that_runs_both_ends():
    """NumPy takes a tensor unseen: between the line that made it and the one that goes on."""
    run = unconnected(
        with_operations(
            healthy(),
            operation(TANH, "Tanh", (MATMUL,), stack=(at(3), at(30))),
            operation(4, EXTERNAL),
            operation(5, "AddV2", (4, 4), stack=(at(4), at(40))),
            operation(12, "Abs", (5,)),
        ),
        KERNEL,
    )
    run = replace(run, calls=(replace(run.calls[0], sources=run.calls[0].sources[:1]),))
    assert ("GP202", 3) in proven(run)


def test_weights_in_a_dict():
    """New values by name, made with NumPy in an inner loop: one line, one finding."""
    text = """
        weights = {{"w": tf.Variable(tf.ones((4, 4))), "b": tf.Variable(tf.zeros((4,)))}}

        def predict(given=None):
            p = given or weights
            return x @ p["w"] + p["b"]

        with tf.GradientTape() as outer:
            fast = dict(weights)
            for _ in range(2):
                with tf.GradientTape() as inner:
                    inner.watch(list(fast.values()))
                    first = tf.reduce_mean(tf.square(predict(fast) - y))
                slopes = inner.gradient(first, fast)
                fast = {{k: {new} for k in fast}}{mark}
            loss = tf.reduce_mean(tf.square(predict(fast) - y))
        variables = list(weights.values())
        optimizer.apply_gradients(zip(outer.gradient(loss, variables), variables))
        """
    new = "tf.constant(fast[k].numpy() - 0.1 * slopes[k].numpy())"
    assert_findings(text.format(new=new, mark="  # GP202"))
    assert_silent(text.format(new="fast[k] - 0.1 * slopes[k]", mark=""))


def test_a_method_that_serves_elsewhere():
    """To act it gives an array rightly; under the tape its call is what is wrong."""
    text = """
        class Agent:
            def act(self, state):
                return encoder(state).numpy(){inside}

            def learn(self):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(decoder(self.act(x)) - y)){called}
                gradients = tape.gradient(loss, encoder.trainable_variables)
                optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))

        agent = Agent()
        {acts}
        agent.learn()
    """
    assert_findings(text.format(inside="", called="  # GP202", acts="agent.act(x)"))
    assert_findings(text.format(inside="  # GP202", called="", acts="pass"))


def test_weights_beside_a_penalty():
    """The penalty keeps the weight connected; what goes on through NumPy is lost."""
    text = """
        w = tf.Variable(tf.ones((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                hidden = {hidden}{mark}
                loss = tf.reduce_mean(tf.square(encoder(hidden) - y)) + tf.nn.l2_loss(w)
            variables = [w, *encoder.trainable_variables]
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables))
    """
    assert_findings(text.format(hidden="np.tanh(x @ w)", mark="  # GP202"))
    assert_silent(text.format(hidden="tf.tanh(x @ w)", mark=""))


def test_in_the_forward_pass_of_a_model_that_was_called_before():
    """A first call outside the tape does not make a method of the model one that acts."""
    assert_findings(
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.score = keras.layers.Dense(4, name="score")
                self.rest = keras.layers.Dense(4, name="rest")

            def weigh(self, inputs):
                return self.score(inputs).numpy()  # GP202

            def call(self, inputs):
                return self.weigh(inputs) * self.rest(inputs)

        net = Net()
        net(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


def test_a_number_beside_a_sum_of_scores():
    """A penalty that is a number moves nothing, though the rest is no error by its look."""
    text = """
        critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

        def penalty(points):
            with tf.GradientTape() as inner:
                inner.watch(points)
                score = critic(points)
            slopes = inner.gradient(score, points)
            return {number}(tf.reduce_mean(tf.square(slopes))){mark}

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(critic(x)) - tf.reduce_mean(critic(y)) + 10.0 * penalty(x)
            gradients = tape.gradient(loss, critic.trainable_variables)
            optimizer.apply_gradients(zip(gradients, critic.trainable_variables))
    """
    assert_findings(text.format(number="float", mark="  # GP202"))
    assert_silent(text.format(number="", mark=""))
    shown = text.replace(" + 10.0 * penalty(x)", "; penalty(x)")
    assert_silent(shown.format(number="float", mark=""))


def test_a_term_that_became_a_constant():
    """A ratio by NumPy makes its term a number, though another term still trains the network."""
    assert_findings("""
        def chosen(x, taken):
            logs = tf.nn.log_softmax(model(x))
            return tf.gather(logs, taken, batch_dims=1), logs

        def policy_loss(x, taken, gains, before):
            now, logs = chosen(x, taken)
            ratio = np.exp(now - before)  # GP202
            gain = tf.minimum(ratio * gains, np.clip(ratio, 0.8, 1.2) * gains)
            entropy = -tf.reduce_mean(tf.reduce_sum(tf.exp(logs) * logs, -1))
            return -tf.reduce_mean(gain) - 0.01 * entropy

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = policy_loss(x, labels, tf.ones(8), tf.zeros(8))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


TWO_TERMS = """
def to_numpy(value):
    return value.numpy()

def error(out):
    return tf.reduce_mean(tf.square(out - y))

def size(out):
    return tf.reduce_mean({out})

for _ in range(3):
    with tf.GradientTape() as tape:
        out = model(x)
        loss = {total}
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    "total",
    [
        "sum([error(out), 0.1 * size(out)])",
        "sum(weight * term(out) for term, weight in [(error, 1.0), (size, 0.1)])",
        "tf.add_n([error(out), size(out)])",
    ],
)
def test_a_term_of_a_sum_of_many(total: str):
    """One of the terms that are summed up moves nothing; the call of the helper is at fault."""
    assert_findings(TWO_TERMS.format(total=total, out="to_numpy(out) ** 2  # GP202\n        "))
    assert_silent(TWO_TERMS.format(total=total, out="out ** 2"))


def test_a_helper_that_others_call_for_what_it_does_beside():
    """What a log gives back is a number rightly; it is no part of a loss."""
    text = """
        totals = {{}}
        def track(name, value):
            value = float(value)
            totals[name] = value
            return value

        for _ in range(3):
            with tf.GradientTape() as tape:
                out = model(x)
                loss = tf.reduce_mean(tf.square(out - y))
                track("loss", loss)
                loss += {size}{mark}
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    size = "tf.reduce_mean(out ** 2)"
    assert_findings(text.format(size=f'track("size", {size})', mark="  # GP202"))
    assert_silent(text.format(size=size, mark=""))


def test_a_target_by_numpy():
    """What a score is compared with is a constant rightly, also of the same network."""
    assert_silent("""
        for _ in range(3):
            with tf.GradientTape() as tape:
                score = tf.reduce_sum(model(x) * tf.one_hot(labels, 4))
                wanted = 1.0 + 0.9 * np.max(model(x))
                loss = tf.square(wanted - score)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


def test_advantages_of_an_episode():
    """What a return by NumPy is compared with is trained by the product, not by the sum."""
    assert_silent("""
        for _ in range(3):
            with tf.GradientTape() as tape:
                values, logs, gains = [], [], []
                for step in range(8):
                    out = model(x)
                    values.append(out[0, 0])
                    logs.append(tf.math.log_sigmoid(out[0, 1]))
                    gains.append(float(out[0, 2]))
                gains = np.cumsum(gains).tolist()
                losses = [-log * (gain - value) for log, gain, value in zip(logs, gains, values)]
                loss = sum(losses) + sum([tf.square(value) for value in values])
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


def test_a_term_of_a_utility():
    """What is maximised is turned around as a whole: its dead terms stay dead."""
    text = """
        with tf.GradientTape() as tape:
            returns = model(x)
            loss = -(tf.reduce_mean(returns) - 4.0 * {variance}(returns)){mark}
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.format(variance="np.var", mark="  # GP202"))
    assert_silent(text.format(variance="tf.math.reduce_variance", mark=""))


def test_a_sample_that_numpy_draws():
    """It is drawn around what the encoder gives: the decoder's error ends there."""
    text = """
        rng = np.random.default_rng(0)

        for _ in range(3):
            with tf.GradientTape() as tape:
                mean = encoder(x)
                z = {drawn}
                loss = tf.reduce_mean(tf.square(decoder(z) - x)) + tf.reduce_mean(mean**2)
            variables = encoder.trainable_variables + decoder.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    """
    assert_findings(text.format(drawn="rng.normal(mean, 0.5)  # GP202"))
    assert_findings(text.format(drawn="np.random.normal(mean, 0.5)  # GP202"))
    assert_silent(text.format(drawn="mean + 0.5 * rng.normal(size=mean.shape)"))
    assert_silent(text.format(drawn="mean + np.random.normal(0.0, 0.5, size=(32, 4))"))


def test_an_action_that_numpy_draws():
    """A policy learns by the probability of what was drawn, not by way of the draw."""
    assert_silent("""
        rng = np.random.default_rng(0)

        for _ in range(3):
            with tf.GradientTape() as tape:
                mean = encoder(x)
                action = rng.normal(mean, 0.5)
                likely = -tf.square((action - mean) / 0.5)
                loss = -tf.reduce_mean(likely * y)
            gradients = tape.gradient(loss, encoder.trainable_variables)
            optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    """)


ACTOR = """
actor, critic = encoder, decoder
other = keras.optimizers.Adam()

def score(actions):
    return critic({given}){mark}

for _ in range(3):
    with tf.GradientTape({persistent}) as tape:
        actions = actor(x)
        loss = 0.01 * tf.reduce_mean(actions**2) - tf.reduce_mean(score(actions))
    gradients = tape.gradient(loss, actor.trainable_variables)
    optimizer.apply_gradients(zip(gradients, actor.trainable_variables))
    {also}
    with tf.GradientTape() as second:
        wrong = tf.reduce_mean(tf.square(critic(x) - y))
    of_critic = second.gradient(wrong, critic.trainable_variables)
    other.apply_gradients(zip(of_critic, critic.trainable_variables))
"""


def test_an_action_that_its_critic_gets_by_numpy():
    """Only the penalty moves the actor; where the critic is trained beside it, so be it."""
    given = {"given": "np.tanh(actions)", "persistent": "", "also": "pass", "mark": ""}
    assert_findings(ACTOR.format(**given | {"given": "np.tanh(actions)", "mark": "  # GP202"}))
    assert_silent(ACTOR.format(**given | {"given": "tf.tanh(actions)"}))
    also = (
        "of_critic = tape.gradient(loss, critic.trainable_variables); "
        "other.apply_gradients(zip(of_critic, critic.trainable_variables))"
    )
    assert_silent(ACTOR.format(**given | {"persistent": "persistent=True", "also": also}))


def test_an_array_that_is_filled():
    """A NumPy array keeps the numbers of what is put into it; a list keeps the tensors."""
    text = """
        for _ in range(3):
            with tf.GradientTape() as tape:
                out = {made}
                for place, part in enumerate(tf.split(x, 4)):
                    {put}
                loss = tf.reduce_mean(tf.square(tf.stack(out) - 1.0))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    put = "out[place] = model(part)  # GP202"
    assert_findings(text.format(made='np.zeros((4, 8, 4), "float32")', put=put))
    assert_silent(text.format(made="[]", put="out.append(model(part))"))


def test_a_record_of_numbers_beside_the_loss():
    """What is only kept for a plot, or made before the step, costs the model nothing."""
    assert_silent("""
        seen = np.zeros(30, "float32")
        before = np.zeros((32, 4), "float32")
        before[:] = model(x)
        for step in range(30):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - before - y))
                seen[step] = loss
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        print(seen)
    """)


@pytest.mark.parametrize("name", ["evaluate(x, y)", "test_on_batch(x, y)"])
def test_a_measure_as_a_loss(name: str):
    """What a compiled model measures comes as a number."""
    assert_findings(
        f"""
        model.compile(loss="mse")
        with tf.GradientTape() as tape:
            loss = tf.convert_to_tensor(model.{name})  # GP202
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_a_measure_beside_the_loss():
    """For the log it may be taken."""
    assert_silent(
        """
        model.compile(loss="mse")
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
            print(model.evaluate(x, y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_a_penalty_on_copies_of_the_weights():
    """`get_weights` gives arrays: the penalty counts for nothing."""
    text = """
        with tf.GradientTape() as tape:
            penalty = 0.0
            for array in model.get_weights():{mark}
                penalty += 0.01 * np.abs(array).sum()
            loss = tf.reduce_mean(tf.square(model(x) - y)){add}
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(text.format(mark="  # GP202", add=" + penalty"))
    assert_silent(text.format(mark="", add=""))


def test_arrays_by_keras():
    """`keras.ops.convert_to_numpy`, and `get_value` of the old backend, give arrays as NumPy does."""
    step = """
        with tf.GradientTape() as tape:
            prediction = CALL(model(x))MARK
            loss = tf.reduce_mean(tf.square(prediction - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    for call in ("keras.ops.convert_to_numpy", "tf.keras.backend.get_value"):
        assert_findings(step.replace("CALL", call).replace("MARK", "  # GP202"))
    assert_silent(step.replace("CALL", "keras.ops.convert_to_tensor").replace("MARK", ""))


def test_what_other_libraries_compute():
    """scikit-learn and SciPy compute with arrays, whatever they are given."""
    text = """
        from sklearn.metrics import log_loss

        with tf.GradientTape() as tape:
            shares = tf.nn.softmax(model(x))
            loss = {made}
        print(log_loss(labels, shares))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(text.format(made="tf.constant(log_loss(labels, shares))  # GP202"))
    assert_silent(text.format(made="-tf.reduce_mean(tf.math.log(shares[:, 0]))"))
