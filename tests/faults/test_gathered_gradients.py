"""Gradients that are added up first, and then meet the variables of another network."""

from __future__ import annotations

import textwrap

import pytest

from snippets import assert_findings, assert_silent

NETS = """
def net(width):
    hidden = keras.layers.Dense(width, activation="relu")
    return keras.Sequential([keras.Input((4,)), hidden, keras.layers.Dense(4)])


left, right = net(8), net(8)
first, second = keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01)
data = tf.random.normal((64, 4))


def gradients_of(loss_of, variables):
    with tf.GradientTape() as tape:
        loss = loss_of()
    return tape.gradient(loss, variables)


def cost():
    return tf.reduce_mean(tf.square(right(left(data)) - data))


"""

KEPT = """
class Trainer:
    def __init__(self, left, right, every=4):
        self.left, self.right, self.every = left, right, every
        self.lefts = [{buffer} for v in left.trainable_variables]
        self.rights = [{buffer} for v in right.trainable_variables]

    @tf.function
    def collect(self, x):
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean(tf.square(self.right(self.left(x)) - x))
        lefts = tape.gradient(loss, self.left.trainable_variables)
        for buffer, gradient in zip(self.lefts, lefts):
            {add}
        for buffer, gradient in zip(
            self.rights, tape.gradient(loss, self.right.trainable_variables)
        ):
            {add}

    @tf.function
    def flush(self):
        first.apply_gradients(zip({lefts}, self.left.trainable_variables))
        second.apply_gradients(zip({rights}, self.right.trainable_variables)){mark}
        for buffer in self.lefts + self.rights:
            buffer.assign(tf.zeros_like(buffer))


trainer = Trainer(left, right)
for step in range(40):
    trainer.collect(data)
    if step % 4 == 3:
        trainer.flush()
"""

BUFFER = "tf.Variable(tf.zeros_like(v), trainable=False)"
ADD = "buffer.assign_add(gradient / 4.0)"


@pytest.mark.parametrize(
    ("buffer", "add", "handed"),
    [
        (BUFFER, ADD, "self.{}"),
        ("tf.Variable(tf.zeros(v.shape), trainable=False)", ADD, "self.{}"),
        (BUFFER, "buffer.assign(0.5 * buffer + 0.5 * gradient)", "self.{}"),
        (BUFFER, ADD, "[tf.convert_to_tensor(b) for b in self.{}]"),
        (BUFFER, ADD, "[b.read_value() for b in self.{}]"),
        (BUFFER, "buffer.assign_add(gradient)", "[b / 4.0 for b in self.{}]"),
        (BUFFER, "buffer.assign_add(gradient)", "[b / self.every for b in self.{}]"),
    ],
)
def test_buffers(buffer, add, handed):
    """Buffers that a list of variables gave their shapes."""
    given = {"buffer": buffer, "add": add, "lefts": handed.format("lefts")}
    right = NETS + KEPT.format(**given, rights=handed.format("rights"), mark="")
    assert_silent(right)
    wrong = KEPT.format(**given, rights=handed.format("lefts"), mark="  # GP403")
    assert_findings(NETS + wrong)


WRONG = {
    "sums in a list": """
    sums = [tf.zeros_like(v) for v in left.trainable_variables]
    for part in tf.split(data, 4):
        sums = [s + g for s, g in zip(sums, gradients_of(cost, left.trainable_variables))]
    first.apply_gradients(zip(sums, right.trainable_variables))  # GP403
    """,
    "sums by number": """
    sums = [tf.zeros_like(v) for v in left.trainable_variables]
    for part in tf.split(data, 4):
        for i, gradient in enumerate(gradients_of(cost, left.trainable_variables)):
            sums[i] += gradient / 4.0
    first.apply_gradients(zip(sums, right.trainable_variables))  # GP403
    """,
    "buffers by number": """
    buffers = [tf.Variable(tf.zeros_like(v)) for v in left.trainable_variables]
    for part in tf.split(data, 4):
        gradients = gradients_of(cost, left.trainable_variables)
        for i in range(len(buffers)):
            buffers[i].assign_add(gradients[i] / 4.0)
    first.apply_gradients(zip(buffers, right.trainable_variables))  # GP403
    """,
    "a dict of buffers": """
    buffers = {
        "left": [tf.Variable(tf.zeros_like(v)) for v in left.trainable_variables],
        "right": [tf.Variable(tf.zeros_like(v)) for v in right.trainable_variables],
    }
    for name, model in (("left", left), ("right", right)):
        gradients = gradients_of(cost, model.trainable_variables)
        for buffer, gradient in zip(buffers[name], gradients):
            buffer.assign_add(gradient / 4.0)
    first.apply_gradients(zip(buffers["left"], right.trainable_variables))  # GP403
    """,
    "helpers": """
    def zeros(model):
        return [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]


    def add_to(buffers, gradients):
        for buffer, gradient in zip(buffers, gradients):
            buffer.assign_add(gradient / 4.0)


    def flush(optimizer, buffers, model):
        optimizer.apply_gradients(zip(buffers, model.trainable_variables))  # GP403
        for buffer in buffers:
            buffer.assign(tf.zeros_like(buffer))


    lefts, rights = zeros(left), zeros(right)
    for part in tf.split(data, 4):
        add_to(lefts, gradients_of(cost, left.trainable_variables))
        add_to(rights, gradients_of(cost, right.trainable_variables))
    flush(first, lefts, right)
    flush(second, rights, left)
    """,
}


@pytest.mark.parametrize("form", WRONG)
def test_forms(form):
    """However the gradients are kept, they are for another network."""
    assert_findings(NETS + textwrap.dedent(WRONG[form]))


RIGHT = {
    "helpers for both": """
    def zeros(model):
        return [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]


    def add_to(buffers, gradients):
        for buffer, gradient in zip(buffers, gradients):
            buffer.assign_add(gradient / 4.0)


    def flush(optimizer, buffers, model):
        optimizer.apply_gradients(zip(buffers, model.trainable_variables))
        for buffer in buffers:
            buffer.assign(tf.zeros_like(buffer))


    lefts, rights = zeros(left), zeros(right)
    for step in range(8):
        add_to(lefts, gradients_of(cost, left.trainable_variables))
        add_to(rights, gradients_of(cost, right.trainable_variables))
        if step % 4 == 3:
            flush(first, lefts, left)
            flush(second, rights, right)
    """,
    "a dict of buffers": """
    models = {"left": left, "right": right}
    optimizers = {"left": first, "right": second}
    buffers = {
        name: [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
        for name, model in models.items()
    }


    def collect(name):
        gradients = gradients_of(cost, models[name].trainable_variables)
        for buffer, gradient in zip(buffers[name], gradients):
            buffer.assign_add(gradient / 4.0)


    for step in range(8):
        for name in models:
            collect(name)
        if step % 4 == 3:
            for name, model in models.items():
                optimizers[name].apply_gradients(zip(buffers[name], model.trainable_variables))
                for buffer in buffers[name]:
                    buffer.assign(tf.zeros_like(buffer))
    """,
    "lists of lists": """
    models, optimizers = [left, right], [first, second]
    kept = [[tf.Variable(tf.zeros_like(v)) for v in m.trainable_variables] for m in models]
    for step in range(8):
        for model, buffers in zip(models, kept):
            for b, g in zip(buffers, gradients_of(cost, model.trainable_variables)):
                b.assign_add(g / 4.0)
        if step % 4 == 3:
            for i in range(2):
                optimizers[i].apply_gradients(zip(kept[i], models[i].trainable_variables))
                for buffer in kept[i]:
                    buffer.assign(tf.zeros_like(buffer))
    """,
    "one list for both in turn": """
    buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in left.trainable_variables]
    for model, optimizer in ((left, first), (right, second)):
        for step in range(4):
            for b, g in zip(buffers, gradients_of(cost, model.trainable_variables)):
                b.assign_add(g / 4.0)
        optimizer.apply_gradients(zip(buffers, model.trainable_variables))
        for buffer in buffers:
            buffer.assign(tf.zeros_like(buffer))
    """,
    "both in one list": """
    variables = left.trainable_variables + right.trainable_variables
    buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
    for step in range(8):
        for b, g in zip(buffers, gradients_of(cost, variables)):
            b.assign_add(g / 4.0)
        if step % 4 == 3:
            count = len(left.trainable_variables)
            first.apply_gradients(zip(buffers[:count], left.trainable_variables))
            second.apply_gradients(zip(buffers[count:], right.trainable_variables))
            for buffer in buffers:
                buffer.assign(tf.zeros_like(buffer))
    """,
    "a worker's gradients": """
    worker, shared = net(16), net(16)
    buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in worker.trainable_variables]
    for step in range(8):
        worker.set_weights(shared.get_weights())
        loss = lambda: tf.reduce_mean(tf.square(worker(data) - data))
        for b, g in zip(buffers, gradients_of(loss, worker.trainable_variables)):
            b.assign_add(g / 4.0)
        if step % 4 == 3:
            first.apply_gradients(zip(buffers, shared.trainable_variables))
            for buffer in buffers:
                buffer.assign(tf.zeros_like(buffer))
    """,
    "a worker copied pair by pair": """
    worker, shared = net(16), net(16)
    buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in worker.trainable_variables]
    for step in range(8):
        for mine, theirs in zip(worker.trainable_variables, shared.trainable_variables):
            mine.assign(theirs)
        loss = lambda: tf.reduce_mean(tf.square(worker(data) - data))
        for b, g in zip(buffers, gradients_of(loss, worker.trainable_variables)):
            b.assign_add(g / 4.0)
        if step % 4 == 3:
            first.apply_gradients(zip(buffers, shared.trainable_variables))
            for buffer in buffers:
                buffer.assign(tf.zeros_like(buffer))
    """,
    "fast weights": """
    sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in left.trainable_variables]
    for task in range(8):
        fast = [tf.Variable(v) for v in left.trainable_variables]
        gradients = gradients_of(
            lambda: tf.reduce_mean(tf.square(tf.matmul(data, fast[0]) + fast[1])), fast
        )
        for s, g in zip(sums, gradients):
            s.assign_add(g / 4.0)
        if task % 4 == 3:
            first.apply_gradients(zip(sums, left.trainable_variables))
            for s in sums:
                s.assign(tf.zeros_like(s))
    """,
    "fast weights of copies": """
    sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in left.trainable_variables]
    for task in range(8):
        fast = [tf.Variable(tf.identity(v)) for v in left.trainable_variables]
        gradients = gradients_of(
            lambda: tf.reduce_mean(tf.square(tf.matmul(data, fast[0]) + fast[1])), fast
        )
        for s, g in zip(sums, gradients):
            s.assign_add(g / 4.0)
        if task % 4 == 3:
            first.apply_gradients(zip(sums, left.trainable_variables))
            for s in sums:
                s.assign(tf.zeros_like(s))
    """,
    "buffers made anew": """
    loss = lambda: tf.reduce_mean(tf.square(left(data) - data))
    for step in range(8):
        buffers = [tf.Variable(tf.zeros_like(v)) for v in left.trainable_variables]
        for part in tf.split(data, 4):
            for b, g in zip(buffers, gradients_of(loss, left.trainable_variables)):
                b.assign_add(g / 4.0)
        first.apply_gradients(zip(buffers, left.trainable_variables))
    """,
    "a clone's gradients": """
    clone = keras.models.clone_model(left)
    sums = [tf.zeros_like(v) for v in left.trainable_variables]
    for task in range(4):
        clone.set_weights(left.get_weights())
        loss = lambda: tf.reduce_mean(tf.square(clone(data) - data))
        sums = [s + g / 4.0 for s, g in zip(sums, gradients_of(loss, clone.trainable_variables))]
    first.apply_gradients(zip(sums, left.trainable_variables))
    """,
    "one network in another": """
    one = net(8)
    two = keras.Sequential([keras.Input((4,)), one])
    buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in two.trainable_variables]
    for step in range(8):
        loss = lambda: tf.reduce_mean(tf.square(one(data) - data))
        for b, g in zip(buffers, gradients_of(loss, one.trainable_variables)):
            b.assign_add(g / 4.0)
        if step % 4 == 3:
            first.apply_gradients(zip(buffers, two.trainable_variables))
            for buffer in buffers:
                buffer.assign(tf.zeros_like(buffer))
    """,
    "a model for each fold": """
    buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in left.trainable_variables]
    for fold in range(3):
        model, optimizer = net(8), keras.optimizers.Adam(0.01)
        for step in range(8):
            loss = lambda: tf.reduce_mean(tf.square(model(data) - data))
            for b, g in zip(buffers, gradients_of(loss, model.trainable_variables)):
                b.assign_add(g / 4.0)
            if step % 4 == 3:
                optimizer.apply_gradients(zip(buffers, model.trainable_variables))
                for buffer in buffers:
                    buffer.assign(tf.zeros_like(buffer))
    """,
}


@pytest.mark.parametrize("form", RIGHT)
def test_right_forms(form):
    """Each buffer meets the network whose gradients it holds, or one that was copied."""
    assert_silent(NETS + textwrap.dedent(RIGHT[form]))
