"""Mends of what a run found: the edit itself, from the place that the run names."""

from __future__ import annotations

import pytest

from gradproof.finding import Finding, Place, Related, Span
from gradproof.mending.contents import mended_bytes
from gradproof.source.mends import Draft, candidates

HEAD = "import tensorflow as tf\nfrom tensorflow import keras\n\n"


def mends(
    fault: str,
    text: str,
    message: str = "",
    variables: tuple[str, ...] = (),
    generation: str = "3",
) -> list[str]:
    """What each candidate makes of a program; `#!` marks the place, `#?` what is related."""
    lines = (HEAD + text).split("\n")
    places, related = [], []
    for number, line in enumerate(lines, 1):
        for mark, found in (("  #!", places), ("  #?", related)):
            code, marked, note = line.partition(mark)
            if marked:
                lines[number - 1] = code
                found.append((number, note.strip()))
    whole = "\n".join(lines)
    finding = Finding(
        message,
        Place("train.py", Span(places[0][0], 1)),
        related=tuple(Related(Place("train.py", Span(at, 1)), note) for at, note in related),
        variables=variables,
    )
    # A place with a column, as an expression has it.
    column = places[0][1]
    if column:
        line = lines[places[0][0] - 1]
        start = line.index(column) + 1
        span = Span(places[0][0], start, places[0][0], start + len(column))
        finding = Finding(message, Place("train.py", span), "", finding.related, variables)
    draft = Draft(whole, "train.py", generation)
    return [
        mended_bytes(whole.encode(), "train.py", list(fix.edits)).decode().removeprefix(HEAD)
        for fix in candidates(draft, fault, finding)
    ]


CASES = {
    "a rate that varies is assigned": (
        "optimizer-recreated",
        """\
for rate in (0.1, 0.01):
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)  #!
    train(optimizer)
""",
        """\
optimizer = keras.optimizers.SGD(momentum=0.9)
for rate in (0.1, 0.01):
    optimizer.learning_rate.assign(rate)
    train(optimizer)
""",
    ),
    "so is one that a function is given": (
        "optimizer-recreated",
        """\
def step(x, rate):
    optimizer = keras.optimizers.Adam(learning_rate=rate)  #!
    train(optimizer, x)
""",
        """\
optimizer = keras.optimizers.Adam()


def step(x, rate):
    optimizer.learning_rate.assign(rate)
    train(optimizer, x)
""",
    ),
    "two names get two optimizers": (
        "shared-optimizer",
        """\
one = two = keras.optimizers.Adam(1e-3)  #? this optimizer
two.apply_gradients(pairs)  #!
""",
        """\
one = keras.optimizers.Adam(1e-3)
two = keras.optimizers.Adam(1e-3)
two.apply_gradients(pairs)
""",
    ),
    "into the scope": (
        "strategy-scope-mismatch",
        """\
optimizer = keras.optimizers.Adam(1e-3)  #!

with strategy.scope():
    model = build()
""",
        """\

with strategy.scope():
    model = build()
    optimizer = keras.optimizers.Adam(1e-3)
""",
    ),
    "None goes with its variable": (
        "mispaired-gradients",
        """\
grads = tape.gradient(loss, net.trainable_variables)
grads = [g for g in grads if g is not None]
optimizer.apply_gradients(zip(grads, net.trainable_variables))  #! net.trainable_variables
""",
        """\
grads = tape.gradient(loss, net.trainable_variables)
optimizer.apply_gradients([(g, variable) for g, variable in zip(grads, net.trainable_variables) \
if g is not None])
""",
    ),
    "one call for all pairs": (
        "iterations-counter-off",
        """\
for g, v in zip(grads, variables):
    optimizer.apply_gradients([(g, v)])  #!
""",
        """\
optimizer.apply_gradients(zip(grads, variables))
""",
    ),
    "gradients that a function hands back": (
        "gradients-never-applied",
        """\
def compute(net, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(x))
    return loss, tape.gradient(loss, net.trainable_variables)  #! tape.gradient


optimizer = keras.optimizers.SGD(0.1)
for x in data:
    loss, grads = compute(model, x)
    grads, _ = tf.clip_by_global_norm(grads, 1.0)
    print(loss)
""",
        """\
def compute(net, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(x))
    return loss, tape.gradient(loss, net.trainable_variables)


optimizer = keras.optimizers.SGD(0.1)
for x in data:
    loss, grads = compute(model, x)
    grads, _ = tf.clip_by_global_norm(grads, 1.0)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    print(loss)
""",
    ),
    "gradients from a function, before a loop": (
        "stale-gradient",
        """\
for epoch in range(3):
    loss, grads = gradients_of(x)
    for turn in range(9):
        optimizer.apply_gradients(zip(grads, variables))  #!
""",
        """\
for epoch in range(3):
    for turn in range(9):
        loss, grads = gradients_of(x)
        optimizer.apply_gradients(zip(grads, variables))
""",
    ),
    "one norm for all": (
        "clipped-apart",
        """\
grads = [tf.clip_by_norm(g, 1.0) for g in grads]
optimizer.apply_gradients(zip(grads, variables))  #!
""",
        """\
grads, _ = tf.clip_by_global_norm(grads, 1.0)
optimizer.apply_gradients(zip(grads, variables))
""",
    ),
    "one norm for all, as an option": (
        "clipped-apart",
        """\
optimizer = keras.optimizers.SGD(0.1, clipnorm=1.0)
optimizer.apply_gradients(zip(grads, variables))  #!
""",
        """\
optimizer = keras.optimizers.SGD(0.1, global_clipnorm=1.0)
optimizer.apply_gradients(zip(grads, variables))
""",
    ),
    "the bound of a wrapper, given to what it wraps": (
        "clip-option-ignored",
        """\
inner = keras.optimizers.SGD(0.1)
optimizer = keras.optimizers.LossScaleOptimizer(inner)
optimizer.clipnorm = 1.0  #? not handed on
optimizer.apply_gradients(pairs)  #!
""",
        """\
inner = keras.optimizers.SGD(0.1, clipnorm=1.0)
optimizer = keras.optimizers.LossScaleOptimizer(inner)
optimizer.apply_gradients(pairs)
""",
    ),
    "the bound of a wrapper": (
        "clip-option-ignored",
        """\
optimizer = keras.optimizers.LossScaleOptimizer(inner)
optimizer.clipnorm = 1.0  #? not handed on
optimizer.apply_gradients(pairs)  #!
""",
        """\
optimizer = keras.optimizers.LossScaleOptimizer(inner)
optimizer.inner_optimizer.clipnorm = 1.0
optimizer.apply_gradients(pairs)
""",
    ),
    "a bound that comes too late": (
        "clip-option-ignored",
        """\
optimizer = keras.optimizers.SGD(0.1)
train()
optimizer.clipnorm = 1.0  #!
""",
        """\
optimizer = keras.optimizers.SGD(0.1, clipnorm=1.0)
train()
""",
    ),
    "a frozen layer asks itself": (
        "frozen-bn-moves",
        """\
class Norm(keras.layers.Layer):
    def call(self, inputs, training=False):
        if training:
            self.centre.assign(tf.reduce_mean(inputs, 0))  #!
        return inputs - self.centre
""",
        """\
class Norm(keras.layers.Layer):
    def call(self, inputs, training=False):
        if training and self.trainable:
            self.centre.assign(tf.reduce_mean(inputs, 0))
        return inputs - self.centre
""",
    ),
    "a frozen part runs as in inference": (
        "frozen-bn-moves",
        "code = features(x, training=True)  #!\n",
        "code = features(x, training=False)\n",
    ),
    "the loss in float32": (
        "float16-range",
        """\
def loss_of(logits):
    logits = tf.cast(logits, tf.float16)
    return tf.reduce_mean(tf.exp(logits))  #!
""",
        """\
def loss_of(logits):
    logits = tf.cast(logits, tf.float32)
    return tf.reduce_mean(tf.exp(logits))
""",
    ),
    "every use of a name of the other generation": (
        "api-generation-mismatch",
        "optimizer.lr.assign(optimizer.lr * 0.1)  #! optimizer.lr\n",
        "optimizer.learning_rate.assign(optimizer.learning_rate * 0.1)\n",
    ),
    "a constant of a module": (
        "constant-weight",
        """\
class Net(tf.Module):
    def __init__(self):
        self.w = tf.constant(tf.random.normal((3, 2)), name="w")  #!
""",
        """\
class Net(tf.Module):
    def __init__(self):
        self.w = tf.Variable(tf.random.normal((3, 2)), name="w")
""",
    ),
    "a decision with the gradient of its score": (
        "nondifferentiable-op",
        "hard = tf.cast(score > 0.5, tf.float32)  #! score > 0.5\n",
        "hard = score + tf.stop_gradient(tf.cast(score > 0.5, tf.float32) - score)\n",
    ),
    "a list of batches": (
        "dataset-loop-in-tape",
        """\
data = tf.data.Dataset.range(9).batch(3)


@tf.function
def step():
    with tf.GradientTape() as tape:  #? recording since here
        for batch in data:
            total += loss_of(batch)
    return tape.gradient(total, [w])  #!
""",
        """\
data = list(tf.data.Dataset.range(9).batch(3))


@tf.function
def step():
    with tf.GradientTape() as tape:
        for batch in data:
            total += loss_of(batch)
    return tape.gradient(total, [w])
""",
    ),
    "a rate that was copied": (
        "learning-rate-copied",
        """\
optimizer = keras.optimizers.SGD(config["rate"])
for epoch in range(9):
    config["rate"] *= 0.1  #!
    train()
""",
        """\
optimizer = keras.optimizers.SGD(config["rate"])
for epoch in range(9):
    config["rate"] *= 0.1
    optimizer.learning_rate.assign(config["rate"])
    train()
""",
    ),
    "a new optimizer of which only the rate is new": (
        "optimizer-swapped-under-trace",
        """\
class Trainer:
    def __init__(self):
        self.optimizer = keras.optimizers.SGD(0.1, momentum=0.9)


trainer = Trainer()
trainer.optimizer = keras.optimizers.SGD(0.01, momentum=0.9)  #!
""",
        """\
class Trainer:
    def __init__(self):
        self.optimizer = keras.optimizers.SGD(0.1, momentum=0.9)


trainer = Trainer()
trainer.optimizer.learning_rate.assign(0.01)
""",
    ),
    "the optimizer in the checkpoint": (
        "optimizer-state-not-restored",
        """\
optimizer = keras.optimizers.Adam(0.1)
optimizer.apply_gradients(pairs)
path = tf.train.Checkpoint(model=model).save("here")
tf.train.Checkpoint(model=model).restore(path)  #!
""",
        """\
optimizer = keras.optimizers.Adam(0.1)
optimizer.apply_gradients(pairs)
path = tf.train.Checkpoint(model=model, optimizer=optimizer).save("here")
tf.train.Checkpoint(model=model, optimizer=optimizer).restore(path)
""",
    ),
    "a quotient in a replica": (
        "replica-loss-scale",
        """\
strategy = tf.distribute.MirroredStrategy()


def loss_of(each, count):
    return tf.reduce_sum(each) / count  #!
""",
        """\
strategy = tf.distribute.MirroredStrategy()


def loss_of(each, count):
    return tf.reduce_sum(each) / count / strategy.num_replicas_in_sync
""",
    ),
    "numbers that NumPy drew at the trace": (
        "python-state-frozen-at-trace",
        """\
noisy = x + np.random.normal(0.0, 0.3, (32, 6)).astype("float32")  #! \
np.random.normal(0.0, 0.3, (32, 6))
""",
        "noisy = x + tf.random.normal((32, 6), 0.0, 0.3)\n",
    ),
    "numbers by name": (
        "python-state-frozen-at-trace",
        "noisy = x + np.random.uniform(size=4, high=2.0)  #! np.random.uniform(size=4, high=2.0)\n",
        "noisy = x + tf.random.uniform((4,), 0.0, 2.0)\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_edits(name):
    """The likeliest mend, as it is written."""
    fault, before, after = CASES[name]
    message = "`lr` belongs to another generation; here it is `learning_rate`"
    assert mends(fault, before, message)[0] == after


def test_a_variable_becomes_longer():
    """The one that the run names, not its neighbour."""
    text = """\
a = tf.Variable(tf.constant(1.0, tf.float16), name="a")
b = tf.Variable(1.0, dtype="bfloat16", name="b")
optimizer.apply_gradients(pairs)  #!
"""
    after = text.replace('"bfloat16"', '"float32"').replace("  #!", "")
    assert mends("rounded-away", text, variables=("net/b",)) == [after]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        # What else the optimizer is given varies as well.
        ("optimizer-recreated", "for m in (1, 2):\n    o = keras.optimizers.SGD(m, m)  #!\n"),
        # It would be used before it is made.
        (
            "strategy-scope-mismatch",
            "o = keras.optimizers.SGD()  #!\nuse(o)\nwith s.scope():\n    m = build()\n",
        ),
        # More than the update happens in the loop.
        (
            "iterations-counter-off",
            "for g, v in pairs:\n    print(v)\n    o.apply_gradients([(g, v)])  #!\n",
        ),
        # A generator has no end: a list of it never is.
        (
            "dataset-loop-in-tape",
            "d = data.repeat()\nwith tf.GradientTape() as tape:  #!\n    for b in d:\n        f(b)\n",
        ),
        # Another rule is more than another rate.
        (
            "optimizer-swapped-under-trace",
            "o = keras.optimizers.SGD(0.1)\no = keras.optimizers.Adam(0.1)  #!\n",
        ),
        (
            "python-state-frozen-at-trace",
            "y = np.random.permutation(9)  #! np.random.permutation(9)\n",
        ),
    ],
)
def test_what_is_open_is_left_alone(fault, text):
    """Nothing is offered where the mend would change more than the fault."""
    assert mends(fault, text) == []


CUT = """\
net = build()


def step(x):
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables[:2]))  #! zip(gradients, net
"""


@pytest.mark.parametrize(
    "message", ["there are variables for a part only", "2 pairs arrived: zip stopped"]
)
def test_a_list_that_was_cut_is_made_whole_first(message):
    """Taking fewer gradients would be silent, too, and leave the rest where it stands."""
    whole, fewer = mends("short-zip", CUT, message)
    assert whole == CUT.replace("[:2]", "").partition("  #!")[0] + "\n"
    assert fewer.count("[:2]") == 2


def test_a_loss_that_was_scaled_is_taken_by_its_name():
    """Wherever a run places it, nothing is scaled a second time."""
    before = """\
optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
        scaled = optimizer.scale_loss(loss)  #!
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
    first = mends("loss-scale-generation-mix", before)[0]
    assert "    gradients = tape.gradient(scaled, model.trainable_variables)\n" in first
    assert first.count("scale_loss") == 1
