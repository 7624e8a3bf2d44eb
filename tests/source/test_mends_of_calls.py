"""Mends of calls: of another generation, of parts of a model, of layers made anew."""

from __future__ import annotations

import pytest
from test_mends_by_run import mends

CASES = {
    "decay is a schedule": (
        "api-generation-mismatch",
        "`decay` belongs to another generation; here it is a learning rate schedule",
        "self.opt = keras.optimizers.SGD(learning_rate=rate, momentum=0.9, decay=1e-3)  #!\n",
        (
            "self.opt = keras.optimizers.SGD(learning_rate=keras.optimizers.schedules."
            "InverseTimeDecay(rate, 1, 1e-3), momentum=0.9)\n"
        ),
    ),
    "an argument has another name": (
        "api-generation-mismatch",
        "`lr` belongs to another generation; here it is `learning_rate`",
        "opt = keras.optimizers.Adam(lr=0.1, beta_1=0.5)  #!\n",
        "opt = keras.optimizers.Adam(learning_rate=0.1, beta_1=0.5)\n",
    ),
    "pairs": (
        "api-generation-mismatch",
        "Keras 2 has no `apply` for this optimizer; it has `apply_gradients`",
        "opt.apply(grads, net.trainable_variables)  #! opt.apply\n",
        "opt.apply_gradients(zip(grads, net.trainable_variables))\n",
    ),
    "classes": (
        "api-generation-mismatch",
        "Keras 3 has no `predict_classes` for this model; it has `argmax` of `predict`",
        "hits = net.predict_classes(x, batch_size=4) == y  #! net.predict_classes\n",
        "hits = net.predict(x, batch_size=4).argmax(axis=-1) == y\n",
    ),
    "an argument goes": (
        "api-generation-mismatch",
        "`experimental_aggregate_gradients` belongs to another generation; here it is",
        "opt.apply_gradients(\n    pairs,\n    experimental_aggregate_gradients=False,\n)  #!\n",
        "opt.apply_gradients(\n    pairs,\n)\n",
    ),
    "no XLA": (
        "xla-incompatible",
        "",
        "@tf.function(jit_compile=True)\ndef step(x):\n    return tf.unique(x)[0]  #!\n",
        "@tf.function\ndef step(x):\n    return tf.unique(x)[0]\n",
    ),
    "no XLA, and all else stays": (
        "xla-incompatible",
        "",
        "@tf.function(jit_compile=True, reduce_retracing=True)\ndef step(x):\n    return x  #!\n",
        "@tf.function(reduce_retracing=True)\ndef step(x):\n    return x\n",
    ),
    "no XLA in fit": (
        "xla-incompatible",
        "",
        'net.compile("sgd", "mse", jit_compile=True)\nnet.fit(x, y)  #!\n',
        'net.compile("sgd", "mse", jit_compile=False)\nnet.fit(x, y)\n',
    ),
    "the rest of a stack": (
        "disconnected-submodel",
        "",
        """\
net = keras.Sequential([keras.Input((6,)), part, keras.layers.ReLU(), head])
with tf.GradientTape() as tape:
    code = part(x)  #! part(x)
    out = net(x, training=True)
""",
        """\
net = keras.Sequential([keras.Input((6,)), part, keras.layers.ReLU(), head])
with tf.GradientTape() as tape:
    code = part(x)
    out = head(net.layers[1](code, training=True), training=True)
""",
    ),
    "the rest of a graph": (
        "disconnected-submodel",
        "",
        """\
inputs = keras.Input((6,))
features = part(inputs)
net = keras.Model(inputs, head(pool(features)))
with tf.GradientTape() as tape:
    code = part(x)  #! part(x)
    out = net(x)
""",
        """\
inputs = keras.Input((6,))
features = part(inputs)
net = keras.Model(inputs, head(pool(features)))
with tf.GradientTape() as tape:
    code = part(x)
    out = head(pool(code))
""",
    ),
    "one model for both": (
        "disconnected-submodel",
        "",
        """\
maps = keras.Model(net.input, net.get_layer("conv").output)
def look(x):
    with tf.GradientTape() as tape:
        seen = maps(x)  #! maps(x)
        score = net(x, training=False)
""",
        """\
maps = keras.Model(net.input, [net.get_layer("conv").output, net.output])
def look(x):
    with tf.GradientTape() as tape:
        seen, whole = maps(x, training=False)
        score = whole
""",
    ),
    "layers of a function": (
        "created-in-call",
        "",
        """\
def net(x):
    return keras.layers.Dense(1)(keras.layers.Dense(8, name="code")(x))  #! code


gradients = tape.gradient(loss, [scale])
optimizer.apply_gradients(zip(gradients, [scale]))
""",
        """\
dense = keras.layers.Dense(1)
code = keras.layers.Dense(8, name="code")


def net(x):
    return dense(code(x))


gradients = tape.gradient(loss, [scale, *dense.trainable_variables, *code.trainable_variables])
optimizer.apply_gradients(zip(gradients, \
[scale, *dense.trainable_variables, *code.trainable_variables]))
""",
    ),
    "a mean over what counts": (
        "sample-weight-ignored",
        "the model marks padding with a mask, and this mean counts the padding",
        """\
tagger = keras.Model(inputs, outputs)


def step(x, y):
    logits = tagger(x)
    each = keras.losses.sparse_categorical_crossentropy(y, logits)
    return tf.reduce_mean(each)  #! tf.reduce_mean(each)
""",
        """\
tagger = keras.Model(inputs, outputs)


def step(x, y):
    logits = tagger(x)
    each = keras.losses.sparse_categorical_crossentropy(y, logits)
    mask = tf.cast(tf.not_equal(x, 0), each.dtype)
    return tf.reduce_sum(each * mask) / tf.reduce_sum(mask)
""",
    ),
    "what is differentiated is computed under the tape": (
        "tf1-gradient-api",
        "",
        """\
critic = build()


def penalty(score, mixed):
    slope = tf.gradients(score, mixed)[0]  #! tf.gradients
    return tf.reduce_mean(tf.square(slope))


loss += penalty(critic(mixed), mixed)
""",
        """\
critic = build()


def penalty(mixed):
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        score = critic(mixed)
    slope = tape.gradient(score, mixed)
    return tf.reduce_mean(tf.square(slope))


loss += penalty(mixed)
""",
    ),
    "each replica": (
        "strategy-scope-mismatch",
        "",
        """\
def step(x):
    optimizer.apply_gradients(pairs)  #!


def train(x):
    with strategy.scope():
        return step(x)
""",
        """\
def step(x):
    optimizer.apply_gradients(pairs)


def train(x):
    return strategy.reduce("SUM", strategy.run(step, args=(x,)), axis=None)
""",
    ),
    "the flag of two networks": (
        "gan-shared-trainable-flag",
        "",
        """\
critic.trainable = False  #!
both = keras.Sequential([maker, critic])
for turn in range(9):
    loss = critic.train_on_batch(x, y)
    both.train_on_batch(z, ones)
""",
        """\
critic.trainable = False
both = keras.Sequential([maker, critic])
for turn in range(9):
    critic.trainable = True
    loss = critic.train_on_batch(x, y)
    critic.trainable = False
    both.train_on_batch(z, ones)
""",
    ),
    "gradients of all replicas": (
        "replica-divergence",
        "",
        "optimizer.apply_gradients(pairs, skip_gradients_aggregation=True)  #!\n",
        "optimizer.apply_gradients(pairs)\n",
    ),
    "a method that is traced once": (
        "tracing-cost",
        "",
        """\
class Fitter:
    def epoch(self, data):
        @tf.function
        def step(x):  #!
            return self.model(x)

        # each batch
        return [step(x) for x in data]
""",
        """\
class Fitter:
    @tf.function
    def step(self, x):
        return self.model(x)

    def epoch(self, data):
        # each batch
        return [self.step(x) for x in data]
""",
    ),
    "a function that is traced once": (
        "tracing-cost",
        "",
        """\
def epoch(data):
    @tf.function(reduce_retracing=True)
    def step():  #!
        return net(x)

    return step()
""",
        """\
@tf.function(reduce_retracing=True)
def step():
    return net(x)


def epoch(data):
    return step()
""",
    ),
    "a list that nobody reads": (
        "memory-growth",
        "",
        "tapes = []\nfor x in data:\n    use(x)\n    tapes.append(tape)  #!\n",
        "tapes = []\nfor x in data:\n    use(x)\n",
    ),
    "a list of numbers": (
        "memory-growth",
        "",
        "for x in data:\n    self.losses.append(loss)  #!\nprint(self.losses)\n",
        "for x in data:\n    self.losses.append(float(loss))\nprint(self.losses)\n",
    ),
    "buffers in pairs that have a name": (
        "wrong-accumulation",
        "nothing empties the buffers",
        """\
def flush():
    pairs = [(b / 4.0, v) for b, v in zip(kept, net.trainable_variables)]
    opt.apply_gradients(pairs)  #!
""",
        """\
def flush():
    pairs = [(b / 4.0, v) for b, v in zip(kept, net.trainable_variables)]
    opt.apply_gradients(pairs)
    for buffer in kept:
        buffer.assign(tf.zeros_like(buffer))
""",
    ),
    "new values of a loop": (
        "update-bypasses-variables",
        "",
        "for v, g in zip(net.trainable_variables, slopes):\n    v = v - 0.1 * g  #!\n",
        "for v, g in zip(net.trainable_variables, slopes):\n    v.assign_sub(0.1 * g)\n",
    ),
    "codes": (
        "nondifferentiable-op",
        "",
        """\
class Codes(keras.layers.Layer):
    def call(self, z):
        index = tf.argmin(self.far(z), 1)  #! tf.argmin(self.far(z), 1)
        q = tf.gather(self.book, index)
        return q
""",
        """\
class Codes(keras.layers.Layer):
    def call(self, z):
        index = tf.argmin(self.far(z), 1)
        q = tf.gather(self.book, index)
        return z + tf.stop_gradient(q - z)
""",
    ),
    "a twin that nothing uses": (
        "unconnected-variable",
        "",
        "def step(a, b):\n    u = one(a)\n    v = two(b)\n    return tf.reduce_sum(u * u)  #!\n",
        "def step(a, b):\n    u = one(a)\n    v = two(b)\n    return tf.reduce_sum(u * v)\n",
    ),
    "buffers under another form": (
        "wrong-accumulation",
        "nothing empties the buffers",
        "opt.apply_gradients(zip([b.value for b in kept], net.trainable_variables))  #!\n",
        """\
opt.apply_gradients(zip([b.value for b in kept], net.trainable_variables))
for buffer in kept:
    buffer.assign(tf.zeros_like(buffer))
""",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_edits(name):
    """The likeliest mend, as it is written."""
    fault, message, before, after = CASES[name]
    assert mends(fault, before, message)[0] == after


def test_the_base_class_of_old():
    """tf-keras still has it."""
    text = (
        "class Own(keras.optimizers.Optimizer):\n    def _create_slots(self):  #!\n        pass\n"
    )
    after = text.replace("optimizers.Opt", "optimizers.legacy.Opt").replace("  #!", "")
    assert mends("legacy-custom-optimizer", text, generation="2") == [after]


def test_the_other_half_of_loss_scaling():
    """tf-keras scales and unscales by two calls."""
    head = "def step(x):\n    with tf.GradientTape() as tape:\n"
    call = "tape.gradient(loss, net.trainable_variables)"
    scaled = f"{head}        loss = opt.get_scaled_loss(f(x))  #!\n    g = {call}\n"
    both = scaled.replace("  #!", "").replace(call, f"opt.get_unscaled_gradients({call})")
    assert mends("loss-scale-generation-mix", scaled, generation="2") == [both]
    plain = f"{head}        loss = f(x)\n    g = opt.get_unscaled_gradients({call})  #!\n"
    both = plain.replace("  #!", "").replace(
        "f(x)\n", "f(x)\n        scaled = opt.get_scaled_loss(loss)\n"
    )
    both = both.replace("gradient(loss", "gradient(scaled")
    assert mends("loss-scale-generation-mix", plain, generation="2") == [both]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        # A layer on the way is made where it is called: another call makes another one.
        (
            "disconnected-submodel",
            "f = part(i)\nnet = keras.Model(i, keras.layers.Dense(1)(f))\na = part(x)  #!\nb = net(x)\n",
        ),
        # It needs what its function is given.
        (
            "tracing-cost",
            "def epoch(net):\n    @tf.function\n    def step(x):  #!\n        return net(x)\n\n    step(1)\n",
        ),
        # One statement trains both.
        (
            "gan-shared-trainable-flag",
            "c.trainable = False  #!\nl = c.train_on_batch(x, y) + both.train_on_batch(z, y)\n",
        ),
        # Its size is known only inside.
        (
            "created-in-call",
            "def net(x, size):\n    return keras.layers.Dense(size)(x)  #! keras.layers.Dense(size)\n",
        ),
        # Who calls knows more than the function.
        (
            "tf1-gradient-api",
            (
                "def f(s, m):\n    return tf.gradients(s, m)  #! tf.gradients\n\n\n"
                "def g(net, m):\n    return f(net(m), m)\n"
            ),
        ),
    ],
)
def test_what_is_open_is_left_alone(fault, text):
    """Nothing is offered where the mend would change more than the fault."""
    assert mends(fault, text) == []
