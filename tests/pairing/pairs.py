"""Programs in pairs: a loop of one's own, and what it should have done.

After what people report of loops that are worse than `fit`; the links are
kept with the pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAD = """\
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(3)
rng = np.random.default_rng(0)
x = rng.normal(size=(64, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True) + 1.0
model = keras.Sequential(
    [keras.layers.Input((4,)), keras.layers.Dense(6, "tanh"), keras.layers.Dense(1)]
)
optimizer = keras.optimizers.Adam(0.01)
"""
OWN = (
    HEAD
    + """

@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(2):
    for start in range(0, 64, 16):
        step(x[start : start + 16], y[start : start + 16])
"""
)
FIT = (
    HEAD
    + """
model.compile(optimizer, "mse")
model.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
"""
)


def swap(program: str, *pairs: tuple[str, str]) -> str:
    """A program with other words in it; each has to be there."""
    for old, new in pairs:
        assert old in program, old
        program = program.replace(old, new)
    return program


@dataclass(frozen=True)
class Pair:
    """Two programs that part.

    Attributes:
        name: What is wrong with the first.
        link: A report of it.
        left: The first program.
        right: What it should have been.
        step: The update at which they part.
        stage: The stage.
        variable: The first variable that differs there, or words in it.
        said: Words of the text.
    """

    name: str
    link: str
    left: str
    right: str
    step: int
    stage: str
    variable: str
    said: str = ""


_TF = "https://github.com/tensorflow/tensorflow/issues/"
_ADAM = "keras.optimizers.Adam(0.01)"
_LOSS = "tf.reduce_mean(tf.square(model(x, training=True) - y))"
_FLAT = ("y = x.sum(axis=1, keepdims=True) + 1.0", "y = x.sum(axis=1) + 1.0")
_CLASSES = (
    ("y = x.sum(axis=1, keepdims=True) + 1.0", "y = (x[:, 0] > 0).astype('int64')"),
    ("keras.layers.Dense(1)", 'keras.layers.Dense(3, "softmax")'),
)
_DENSE = 'keras.layers.Dense(6, "tanh"),'
_NORM = (_DENSE, f"{_DENSE}\n     keras.layers.BatchNormalization(),")
_DROPOUT = (_NORM[0], _NORM[1].replace("BatchNormalization()", "Dropout(0.5, seed=1)"))
_PENALTY = ('Dense(6, "tanh")', 'Dense(6, "tanh", kernel_regularizer=keras.regularizers.L2(0.05))')
_SGD = (_ADAM, "keras.optimizers.SGD(0.05)")
_EAGER = ("@tf.function\n", "")
_FROM_LOGITS = "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x)))"
_OTHER_FORMULA = "tf.reduce_mean(tf.reduce_sum((model(x, training=True) - y) ** 2, axis=0)) / 16.0"
_CLIPPED = """\
    gradients = [tf.clip_by_norm(one, 0.1) for one in gradients]
    optimizer.apply"""
_STEP_OF_KERAS = """
class Weighted(keras.Sequential):
    def train_step(self, data):
        x, y = data[0], data[1]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}

"""
_WEIGHTS = ("shuffle=False", "shuffle=False, sample_weight=np.linspace(0.1, 2.0, 64)")
_COPY = """\
target = keras.models.clone_model(model)
target.set_weights(model.get_weights())
"""
_TO_GOAL = "loss = tf.reduce_mean(tf.square(model(x, training=True) - goal))"
_Q = swap(
    OWN,
    ("\n\n@tf.function", f"{_COPY}\n\n@tf.function"),
    (f"loss = {_LOSS}", f"goal = tf.stop_gradient(y + 0.9 * target(x))\n        {_TO_GOAL}"),
)
_BY_HAND = swap(
    OWN,
    (
        "    optimizer.apply_gradients(zip(gradients, model.trainable_variables))",
        """\
    for gradient, variable in zip(gradients, model.trainable_variables):
        variable.assign_sub(0.05 * gradient)""",
    ),
)

PAIRS = (
    Pair("targets without the last axis", f"{_TF}28901", swap(OWN, _FLAT), swap(FIT, _FLAT),
         1, "loss", "loss", "GP701"),
    Pair("logits expected, softmax given", f"{_TF}35585",
         swap(OWN, *_CLASSES, (_LOSS, _FROM_LOGITS)),
         swap(FIT, *_CLASSES, ('"mse"', '"sparse_categorical_crossentropy"')),
         1, "loss", "loss", "GP702"),
    Pair("regularization left out", f"{_TF}33556", swap(OWN, _PENALTY), swap(FIT, _PENALTY),
         1, "loss", "loss", "GP703"),
    Pair("sample weights ignored", "https://github.com/keras-team/keras/issues/17260",
         swap(FIT, ("model = keras.Sequential(", f"{_STEP_OF_KERAS}model = Weighted("), _WEIGHTS),
         swap(FIT, _WEIGHTS), 1, "loss", "loss", "GP704"),
    Pair("sum over the batch", "https://github.com/deepchem/deepchem/pull/640",
         swap(OWN, ("tf.reduce_mean", "tf.reduce_sum")), FIT,
         1, "loss", "loss", "whole number, 16"),
    Pair("loss for each example", f"{_TF}28901",
         swap(OWN, (_LOSS, f"tf.square{_LOSS[24:-1]}")), FIT,
         1, "gradients", "dense/kernel", "whole number, 16"),
    Pair("inference mode of BatchNorm", f"{_TF}32864",
         swap(OWN, _NORM, (", training=True", "")), swap(FIT, _NORM), 1, "loss", "loss", "GP706"),
    Pair("dropout that sleeps", "https://github.com/philipperemy/keras-tcn/pull/67",
         swap(OWN, _DROPOUT, (", training=True", "")), swap(FIT, _DROPOUT),
         1, "loss", "loss", "drawn in B only"),
    Pair("target that is the online network", "https://github.com/ageron/handson-ml2/issues/89",
         swap(_Q, (_COPY, "target = model\n")), _Q, 2, "loss", "loss"),
    Pair("other learning rate", "https://github.com/keras-team/keras/issues/19307", OWN,
         swap(FIT, ("model.compile(optimizer", 'model.compile("adam"')),
         1, "learning rate", "learning rate", "0.01 in A against 0.001 in B"),
    Pair("no momentum", "https://github.com/keras-team/keras/issues/18949", swap(OWN, _SGD),
         swap(FIT, (_ADAM, "keras.optimizers.SGD(0.05, momentum=0.9)")), 2, "change", "dense/kernel"),
    Pair("gradients clipped by hand", f"{_TF}33929",
         swap(OWN, ("    optimizer.apply", _CLIPPED)), FIT, 1, "gradients", "dense/kernel"),
    Pair("a layer left out", "https://github.com/keras-team/keras/issues/16906",
         swap(OWN, ("zip(gradients, model.trainable_variables)",
                    "zip(gradients[:2], model.trainable_variables[:2])")), FIT,
         1, "gradients", "dense_1/kernel", "not updated in A: `dense_1/kernel`"),
    Pair("a layer frozen", "https://github.com/keras-team/keras/issues/9940",
         swap(OWN, ("optimizer = ", "model.layers[0].trainable = False\noptimizer = ")), FIT,
         1, "gradients", "dense/kernel", "not updated in A: `dense/kernel`"),
    Pair("learning rate frozen at trace", f"{_TF}32157",
         swap(_BY_HAND, ("    for start", "    rate = 0.05 / (1 + epoch)\n    for start"),
              ("0.05 * gradient", "rate * gradient")),
         swap(_BY_HAND, _EAGER, ("    for start", "    rate = 0.05 / (1 + epoch)\n    for start"),
              ("0.05 * gradient", "rate * gradient")), 5, "change", "dense/kernel"),
    Pair("an optimizer for each step", f"{_TF}48844",
         swap(OWN, _EAGER, ("    optimizer.apply",
                            f"    optimizer = {_ADAM}\n    optimizer.apply")), FIT,
         2, "change", "dense/kernel"),
    Pair("ascent", f"{_TF}40391", swap(_BY_HAND, ("assign_sub", "assign_add")), _BY_HAND,
         1, "change", "dense/kernel", "factor -1.00"),
    Pair("the last batch dropped", "https://github.com/keras-team/keras-io/pull/1493",
         swap(OWN, ("size=(64", "size=(56"), ("range(0, 64", "range(0, 48")),
         swap(FIT, ("size=(64", "size=(56")), 4, "loss", "loss"),
    Pair("fewer epochs", f"{_TF}30596", swap(OWN, ("range(2)", "range(1)")), FIT, 5, "steps", "steps"),
    Pair("an epsilon of another size", "https://github.com/keras-team/keras/issues/19307",
         swap(OWN, (_ADAM, "keras.optimizers.Adam(0.01, epsilon=1e-3)")), FIT,
         1, "change", "dense/kernel"),
    Pair("no weight decay", f"{_TF}33556", OWN,
         swap(FIT, (_ADAM, "keras.optimizers.AdamW(0.01)")), 1, "change", "dense/kernel",
         "A updates by Adam, B by AdamW"),
)  # fmt: skip

SHUFFLED = swap(FIT, ("keras.utils.set_random_seed(3)\n", ""), ("shuffle=False", "shuffle=True"))
"""Its seeds are not its own, so that another run can have others."""

ORDERED = swap(OWN, ("keras.utils.set_random_seed(3)\n", ""))

SAME = (
    ("own against fit", OWN, FIT),
    ("eager against traced", swap(OWN, _EAGER), OWN),
    ("compiled by XLA", swap(OWN, ("@tf.function", "@tf.function(jit_compile=True)")), FIT),
    ("by hand against SGD", _BY_HAND, swap(FIT, _SGD)),
    ("BatchNorm", swap(OWN, _NORM), swap(FIT, _NORM)),
    ("dropout", swap(OWN, _DROPOUT), swap(FIT, _DROPOUT)),
    ("other formula", swap(OWN, (_LOSS, _OTHER_FORMULA)), FIT),
)  # fmt: skip
