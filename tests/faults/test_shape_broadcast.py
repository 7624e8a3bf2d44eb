"""Predictions and targets of different rank."""

from __future__ import annotations

import textwrap

import pytest

from gradproof.evidence.gradients import Source
from gradproof.evidence.recording import EXTERNAL
from records import (
    ADD,
    BIAS,
    KERNEL_GRADIENT,
    READ_BIAS,
    READ_KERNEL,
    SQUARE,
    SUB,
    TANH,
    X,
    Y,
    healthy,
    never_applied,
    operation,
    proven,
    with_call,
    with_operations,
)
from snippets import assert_findings, assert_silent


def test_loss_class():
    """A loss class brings both to the same rank."""
    assert_silent(
        """
        loss_function = keras.losses.MeanSquaredError()
        with tf.GradientTape() as tape:
            loss = loss_function(amounts, regressor(x))
        gradients = tape.gradient(loss, regressor.trainable_variables)
        optimizer.apply_gradients(zip(gradients, regressor.trainable_variables))
        """
    )


def test_squeezed():
    """A squeezed prediction fits."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.squeeze(regressor(x), axis=-1) - amounts))
        gradients = tape.gradient(loss, regressor.trainable_variables)
        optimizer.apply_gradients(zip(gradients, regressor.trainable_variables))
        """
    )


def test_proven():
    """(8, 1) minus (8,) makes (8, 8)."""
    run = with_operations(
        healthy(),
        operation(ADD, "AddV2", (TANH, READ_BIAS), shape=(8, 1)),
        operation(Y, EXTERNAL, taped=False, shape=(8,)),
        operation(SUB, "Sub", (ADD, Y), shape=(8, 8)),
    )
    assert proven(run) == [("GP701", 4)]


def test_another_output_than_the_first():
    """Of an operation's second output nobody knows the shape: a difference of (8, 1) is right."""
    run = with_operations(
        healthy(),
        operation(ADD, "AddV2", (TANH, READ_BIAS), shape=(8, 1)),
        operation(Y, "TopKV2", taped=False, shape=(8,)),
        operation(SUB, "Sub", (ADD, Y), shape=(8, 1)),
    )
    assert proven(run) == []


def targets_of(prediction, target):
    """Predictions beside targets that were made of rewards and a column of values."""
    flat = 12
    return with_operations(
        healthy(),
        operation(X, EXTERNAL, line=3, taped=False, shape=(8, 1)),
        operation(flat, EXTERNAL, line=3, taped=False, shape=(8,)),
        operation(Y, "Mul", (X, flat), line=3, taped=False, shape=target),
        operation(ADD, "AddV2", (TANH, READ_BIAS), shape=prediction),
        operation(SUB, "Sub", (ADD, Y), shape=(8, 8)),
    )


def test_targets_crossed_before():
    """Returns worked out as reward times a column: one target for each pair."""
    assert proven(targets_of((8, 1), (8, 8))) == [("GP701", 3)]


def test_all_pairs_are_meant():
    """Distances of all pairs are compared with predictions for all pairs."""
    assert proven(targets_of((8, 8), (8, 8))) == []


def weighted(*after):
    """Values of shape (8, 1) times weights of shape (8,), and what comes after."""
    return with_operations(
        healthy(),
        operation(ADD, "AddV2", (TANH, READ_BIAS), shape=(8, 1)),
        operation(Y, EXTERNAL, taped=False, shape=(8,)),
        operation(SUB, "Mul", (ADD, Y), shape=(8, 8)),
        *after,
    )


def test_product_of_which_only_the_mean_is_used():
    """Its mean is the product of two means: no value meets its own weight."""
    run = weighted(operation(SQUARE, "Neg", (SUB,), shape=(8, 8)))
    assert proven(run) == [("GP701", 4)]


def test_product_that_is_used_as_a_matrix():
    """Something else than a sum is made of its entries."""
    assert proven(weighted()) == []


def test_keepdims_by_position():
    """The third argument of a reduction keeps the axis."""
    assert_silent(
        """
        column = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
        inputs = tf.random.normal((8, 4))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(column(inputs) - tf.reduce_sum(inputs, 1, True)))
        gradients = tape.gradient(loss, column.trainable_variables)
        optimizer.apply_gradients(zip(gradients, column.trainable_variables))
        """
    )


def test_product_inside_a_smooth_function():
    """A logistic loss of label times score, with every label for every score."""
    run = weighted(operation(SQUARE, "Softplus", (SUB,), shape=(8, 8)))
    assert proven(run) == [("GP701", 4)]


def test_an_entry_of_a_variable_for_each_column():
    """As many centres as examples, by chance: all of them are compared on purpose."""
    run = with_operations(
        healthy(),
        operation(X, EXTERNAL, line=3, taped=False, shape=(8, 1)),
        operation(READ_BIAS, "ReadVariableOp", shape=(8,), reads=frozenset({BIAS})),
        operation(SUB, "Sub", (X, READ_BIAS), shape=(8, 8)),
    )
    assert proven(run) == []


def test_a_batch_of_unknown_length_against_a_fixed_grid():
    """A column of examples beside ten points is no batch beside a batch."""
    run = with_operations(
        healthy(),
        operation(ADD, "AddV2", (TANH, READ_BIAS), shape=(None, 1)),
        operation(Y, EXTERNAL, taped=False, shape=(10,)),
        operation(SUB, "Sub", (ADD, Y), shape=(None, 10)),
    )
    assert proven(run) == []


def test_tensors_as_sources():
    """A loss is differentiated by points of an update rule that is written out."""
    run = with_operations(
        healthy(),
        operation(READ_KERNEL, EXTERNAL, line=3, taped=False),
        operation(ADD, "AddV2", (TANH, READ_BIAS), shape=(8, 1)),
        operation(Y, EXTERNAL, taped=False, shape=(8,)),
        operation(SUB, "Sub", (ADD, Y), shape=(8, 8)),
    )
    source = Source(None, READ_KERNEL, "tensor", result=KERNEL_GRADIENT)
    assert proven(with_call(never_applied(run), sources=(source,))) == [("GP701", 4)]


def test_models_that_say_what_they_take():
    """Whatever comes in, a declared input tells how many axes come out."""
    text = """
        critic = keras.Sequential([{first}keras.layers.Dense(8{given}), keras.layers.Dense(2)])

        def learn(states, later):
            target = tf.reduce_max(critic(later), axis=1, keepdims={keep})
            with tf.GradientTape() as tape:
                chosen = tf.reduce_sum(critic(states) * tf.one_hot(labels, 2), axis=1)
                loss = tf.reduce_mean(tf.square(target - chosen)){mark}
            gradients = tape.gradient(loss, critic.trainable_variables)
            optimizer.apply_gradients(zip(gradients, critic.trainable_variables))

        for states, later in batches:
            learn(states, later)
    """
    for first, given in (
        ("keras.Input((4,)), ", ""),
        ("keras.layers.InputLayer(shape=(4,)), ", ""),
        ("", ", input_shape=(4,)"),
        ("", ", input_dim=4"),
    ):
        wrong = {"keep": True, "mark": "  # GP701"}
        assert_findings(text.format(first=first, given=given, **wrong))
        assert_silent(text.format(first=first, given=given, keep=False, mark=""))
    assert_silent(text.format(first="", given="", keep=True, mark=""))


DRAWN = """
import random
from collections import deque, namedtuple

Row = namedtuple("Row", ["state", "reward"])
critic = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
{memory}
for _ in range(50):
    state = np.random.normal(size=3).astype("float32")
    memory.append({row})

def learn(states, rewards):
    with tf.GradientTape() as tape:
        values = critic(states){flat}
        loss = tf.reduce_mean(tf.square(rewards - values)){mark}
    gradients = tape.gradient(loss, critic.trainable_variables)
    optimizer.apply_gradients(zip(gradients, critic.trainable_variables))

for _ in range(10):
    {drawn}
    learn(states, rewards)
"""
PLAIN = "(state, float(state[0]))"
DRAWINGS = {
    "entries": (
        PLAIN,
        "rows = random.sample(memory, 8)",
        "states, rewards = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])",
    ),
    "columns": (
        PLAIN,
        "rows = random.sample(memory, 8)",
        "states, rewards = map(np.array, zip(*rows))",
    ),
    "choices": (
        PLAIN,
        "states, rewards = zip(*random.choices(memory, k=8))",
        "states, rewards = np.stack(states), tf.stack(rewards)",
    ),
    "random": (
        "(state, random.uniform(0.0, 1.0))",
        "rows = random.sample(memory, 8)",
        "states, rewards = map(np.array, zip(*rows))",
    ),
    "fields": (
        "Row(state, np.float32(state[0]))",
        "batch = Row(*map(np.asarray, zip(*random.sample(memory, 8))))",
        "states, rewards = batch.state, batch.reward",
    ),
}


@pytest.mark.parametrize("how", DRAWINGS)
@pytest.mark.parametrize("memory", ["memory = deque(maxlen=100)", "memory = []"])
def test_rows_of_a_replay_buffer(how, memory):
    """One number a row makes a flat array, however many rows are drawn."""
    row, drawn, parted = DRAWINGS[how]
    given = {"memory": memory, "row": row, "drawn": f"{drawn}\n    {parted}"}
    assert_findings(DRAWN.format(**given, flat="", mark="  # GP701"))
    assert_silent(DRAWN.format(**given, flat="[:, 0]", mark=""))
    column = {**given, "row": row.replace("state[0]", "state[:1]").replace("float(", "(")}
    column["row"] = column["row"].replace("random.uniform(0.0, 1.0)", "state[:1]")
    assert_silent(DRAWN.format(**column, flat="", mark=""))


def test_slices_that_have_a_name():
    """`slice(begin, end)` leaves the axis that it cuts."""
    text = """
        rows, wanted = np.random.rand(64, 4), np.random.rand(64)
        for begin in range(0, 64, 8):
            some = slice(begin, begin + 8)
            with tf.GradientTape() as tape:
                values = critic(rows[some]){flat}
                loss = tf.reduce_mean(tf.square(values - wanted[some])){mark}
            gradients = tape.gradient(loss, critic.trainable_variables)
            optimizer.apply_gradients(zip(gradients, critic.trainable_variables))
    """
    text = f"critic = keras.Sequential([keras.layers.Dense(1)])\n{textwrap.dedent(text)}"
    assert_findings(text.format(flat="", mark="  # GP701"))
    assert_silent(text.format(flat="[:, 0]", mark=""))


def test_variables_of_known_shapes():
    """A product with a weight that was made as a column is a column."""
    text = """
        points = tf.random.normal((100, 3))
        wanted = 2 * points[:, 0] + 1
        weights, offset = tf.Variable({start}), tf.Variable(0.0)
        for _ in range(20):
            with tf.GradientTape() as tape:
                predicted = {product} + offset
                loss = tf.reduce_mean(tf.square(predicted - wanted)){mark}
            slope, shift = tape.gradient(loss, [weights, offset])
            weights.assign_sub(0.1 * slope)
            offset.assign_sub(0.1 * shift)
    """
    for start in ("tf.zeros((3, 1))", "[[0.1], [0.2], [0.3]]"):
        for product in ("tf.matmul(points, weights)", "points @ weights"):
            assert_findings(text.format(start=start, product=product, mark="  # GP701"))
        flat = "(points @ weights)[:, 0]"
        assert_silent(text.format(start=start, product=flat, mark=""))
    flat = "tf.linalg.matvec(points, weights)"
    assert_silent(text.format(start="tf.zeros(3)", product=flat, mark=""))


def test_a_row_of_weights_meets_a_column():
    """Each example with each weight: so basis functions are computed."""
    assert_silent(
        """
        centres, heights = tf.Variable(tf.zeros(8)), tf.Variable(tf.ones((8, 1)))
        points = tf.random.normal((32, 4))[:, :1]
        for _ in range(3):
            with tf.GradientTape() as tape:
                basis = tf.exp(-tf.square(points - centres))
                loss = tf.reduce_mean(tf.square(basis @ heights - points))
            gradients = tape.gradient(loss, [centres, heights])
            optimizer.apply_gradients(zip(gradients, [centres, heights]))
        """
    )


def test_gathered_by_a_column():
    """`tf.gather` gives the axes of its indices in the place of the one that it looks along."""
    text = """
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        chosen = tf.zeros([8], tf.int32)
        rewards = tf.random.normal([8])
        for _ in range(3):
            with tf.GradientTape() as tape:
                q = tf.gather(net(x), {indices}, axis=1, batch_dims=1)
                loss = tf.reduce_mean(tf.square(q - rewards)){mark}
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """
    assert_findings(text.format(indices="chosen[:, None]", mark="  # GP701"))
    assert_silent(text.format(indices="chosen", mark=""))


_WEIGHTED = """
        def step(features, labels, weights):
            with tf.GradientTape() as tape:
                scores = model(features)
                each = {loss}
                loss = tf.reduce_mean({product}){mark}
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        step(np.ones((8, 4)), np.ones(8), np.ones((8, 1)))
        """


@pytest.mark.parametrize(
    "loss",
    [
        "tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)",
        "keras.losses.mean_squared_error(y, scores)",
        "keras.losses.MeanSquaredError(reduction='none')(y, scores)",
    ],
)
def test_a_column_of_weights(loss: str):
    """One loss an example meets weights of shape (n, 1)."""
    assert_findings(_WEIGHTED.format(loss=loss, product="each * weights", mark="  # GP701"))
    assert_silent(_WEIGHTED.format(loss=loss, product="each * tf.squeeze(weights, 1)", mark=""))


def test_a_sample_and_a_score():
    """Noise that has the shape of the means, summed up in a column, less a flat score."""
    text = """
        actor = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        with tf.GradientTape() as tape:
            mean, scale = tf.split(actor(x), 2, axis=-1)
            noise = tf.random.normal(tf.shape(mean))
            likelihood = tf.reduce_sum(-0.5 * noise**2 - scale, axis=-1, keepdims=True)
            score = tf.reshape(tf.reduce_sum(mean, axis=1), {shape})
            loss = tf.reduce_mean(0.1 * likelihood - score){mark}
        gradients = tape.gradient(loss, actor.trainable_variables)
        optimizer.apply_gradients(zip(gradients, actor.trainable_variables))
        """
    assert_findings(text.format(shape="[-1]", mark="  # GP701"))
    assert_silent(text.format(shape="[-1, 1]", mark=""))


def test_labels_in_a_column_made_one_hot():
    """Labels of shape (n, 1) become rows of shape (n, 1, c), which meet all predictions."""
    text = """
        labels = np.argmax(np.ones((8, 4)), axis=1).reshape(-1, 1)
        with tf.GradientTape() as tape:
            rows = tf.one_hot(labels{flat}, depth=4)
            chosen = tf.reduce_sum(rows * tf.nn.log_softmax(model(x)), axis=-1){mark}
            loss = -tf.reduce_mean(chosen)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(text.format(flat="", mark="  # GP701"))
    assert_silent(text.format(flat="[:, 0]", mark=""))


@pytest.mark.parametrize(
    ("made", "shape", "found"),
    [
        ("OneHot", (8, 1, 4), [("GP701", 3)]),
        ("ExpandDims", (8, 1, 4), []),  # every pair is meant
        ("OneHot", (8, 1, 5), []),
    ],
)
def test_one_hot_rows_in_a_run(made: str, shape: tuple[int, ...], found: list[object]):
    """A run tells what was made one-hot from what was given an axis for all pairs."""
    run = with_operations(
        healthy(),
        operation(X, EXTERNAL, line=3, taped=False, shape=(8,), dtype="int64"),
        operation(Y, made, (X,), line=3, shape=shape),
        operation(ADD, "AddV2", (TANH, READ_BIAS), shape=(8, 4)),
        operation(SUB, "Mul", (ADD, Y), line=3, shape=(8, 8, 4)),
    )
    assert [one for one in proven(run) if one[0] == "GP701"] == found


def test_a_convolution_that_leaves_one_step():
    """Its output has an axis more than targets in a column: `(n, 1, 1)` against `(n, 1)`."""
    step = """
        inputs = keras.Input((10, 1))
        hidden = keras.layers.Conv1D(8, {size}, activation="relu")(inputs)
        net = keras.Model(inputs, {last}(keras.layers.Conv1D(1, 1)(hidden)))
        windows, following = np.random.rand(32, 10, 1), np.random.rand(32).reshape(-1, 1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(windows) - following)){mark}
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    assert_findings(step.format(size=10, last="", mark="  # GP701"))
    assert_silent(step.format(size=9, last="", mark=""))
    assert_silent(step.format(size=10, last="keras.layers.Flatten()", mark=""))


@pytest.mark.parametrize(("last", "found"), [(1, [("GP701", 4)]), (3, [])])
def test_columns_with_an_axis_more_proven(last: int, found: list[tuple[str, int]]):
    """(8, 1, 1) minus (8, 1) makes (8, 8, 1); of longer rows all pairs may be meant."""
    run = with_operations(
        healthy(),
        operation(ADD, "AddV2", (TANH, READ_BIAS), shape=(8, 1, last)),
        operation(Y, EXTERNAL, taped=False, shape=(8, last)),
        operation(SUB, "Sub", (ADD, Y), shape=(8, 8, last)),
    )
    assert proven(run) == found


def test_a_column_that_is_squeezed_alone():
    """`tf.squeeze` takes the axis of length 1 and leaves the batch; the targets keep theirs."""
    step = """
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        targets = np.random.rand(8).reshape(-1, 1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(tf.squeeze(net(x)) - {targets})){mark}
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    assert_findings(step.format(targets="targets", mark="  # GP701"))
    assert_silent(step.format(targets="tf.squeeze(targets)", mark=""))


def test_distances_to_all_codes():
    """Squares of a column and of a row, less twice a table: the sum is meant to be a table."""
    text = """
        codes = tf.Variable(tf.random.normal((4, 8)))
        with tf.GradientTape() as tape:
            points = model(x)
            near = tf.reduce_sum(points**2, axis=1, keepdims=True) + tf.reduce_sum(tf.square(codes), axis=0){}
            loss = tf.reduce_mean(tf.reduce_min(near, axis=1))
        variables = [codes, *model.trainable_variables]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    """
    assert_silent(text.format(" - 2 * points @ codes"))
    assert_findings(text.format("  # GP701"))


TARGETS = """
data = tf.data.Dataset.from_tensor_slices(
    {{"obs": np.zeros((32, 4)), "rew": np.zeros((32,)), "done": np.zeros((32,))}}
)
online = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
slow = keras.models.clone_model(online)
slow.set_weights(online.get_weights())
for batch in data.batch(8):
    value = slow(batch["obs"])
    {target}
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(online(batch["obs"]) - {goal}))
    gradients = tape.gradient(loss, online.trainable_variables)
    optimizer.apply_gradients(zip(gradients, online.trainable_variables))
"""


@pytest.mark.parametrize("goal", ["goal", "tf.stop_gradient(tf.cast(goal, tf.float32))"])
def test_targets_that_were_crossed_before(goal: str):
    """Rewards of shape (n,) and values of (n, 1) make an n by n target before the tape opens."""
    crossed = 'goal = batch["rew"] + 0.9 * (1.0 - batch["done"]) * value  # GP701'
    assert_findings(TARGETS.format(target=crossed, goal=goal))


def test_targets_of_one_column():
    """Each has an axis of its own, or the values have lost theirs."""
    lifted = 'goal = batch["rew"][:, None] + 0.9 * value'
    assert_silent(TARGETS.format(target=lifted, goal="goal"))
    table = 'goal = tf.reduce_mean(batch["rew"] + value, axis=1, keepdims=True)'
    assert_silent(TARGETS.format(target=table, goal="goal"))
