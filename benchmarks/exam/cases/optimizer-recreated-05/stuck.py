"""Speaker-style metric learning: triplets, temporal pooling, three-phase training with unfreezing."""
import contextlib
import typing

import numpy as np
import tensorflow as tf
from tensorflow import keras


class StatsPooling(keras.layers.Layer):
    """Mean and deviation over time."""

    def call(self, x):
        mean = tf.reduce_mean(x, axis=1)
        var = tf.reduce_mean(tf.square(x - mean[:, None]), axis=1)
        return tf.concat([mean, tf.sqrt(var + 1e-5)], axis=-1)


def frame_network(features: int) -> keras.Model:
    x = inp = keras.Input((None, features), name="frames")
    for i, dilation in enumerate((1, 2)):
        x = keras.layers.Conv1D(16, 3, dilation_rate=dilation, padding="same", activation="relu", name=f"tdnn{i}")(x)
    return keras.Model(inp, x, name="frame_network")


def embedding_model(features: int, size: int) -> keras.Model:
    inp = keras.Input((None, features))
    h = frame_network(features)(inp)
    h = StatsPooling(name="pool")(h)
    return keras.Model(inp, keras.layers.Dense(size, name="embedding")(h), name="speaker")


def triplet_loss(a, p, n, margin=0.3):
    near = tf.reduce_sum(tf.square(a - p), -1)
    far = tf.reduce_sum(tf.square(a - n), -1)
    return tf.reduce_mean(tf.nn.softplus(near - far + margin))


class Phase(typing.NamedTuple):
    name: str
    frozen: bool
    rate: float
    steps: int


PHASES = (Phase("head", True, 5e-3, 4), Phase("all", False, 1e-3, 8))


@contextlib.contextmanager
def phase_banner(phase: Phase):
    print(f"-- {phase.name}: rate {phase.rate}")
    yield phase
    print(f"-- {phase.name} done")


def triplets(speakers, length, features, batch, seed):
    rng = np.random.default_rng(seed)
    voices = rng.normal(size=(speakers, features))
    while True:
        who = rng.integers(0, speakers, batch)
        other = (who + rng.integers(1, speakers, batch)) % speakers

        def utter(ids):
            return (voices[ids][:, None] + 0.8 * rng.normal(size=(batch, length, features))).astype("float32")
        yield utter(who), utter(who), utter(other)


def make_step(model, optimizer):
    @tf.function
    def step(a, p, n):
        with tf.GradientTape() as tape:
            ea, ep, en = (tf.math.l2_normalize(model(v, training=True), -1) for v in (a, p, n))
            loss = triplet_loss(ea, ep, en)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return loss
    return step


def main():
    keras.utils.set_random_seed(31)
    model = embedding_model(6, 8)
    source = triplets(5, 10, 6, 16, 0)
    backbone = model.get_layer("frame_network")
    for phase in PHASES:
        backbone.trainable = not phase.frozen
        optimizer = keras.optimizers.Adam(phase.rate)
        with phase_banner(phase):
            step = make_step(model, optimizer)
            losses = [float(make_step(model, keras.optimizers.Adam(phase.rate))(*next(source)))
                      for _ in range(phase.steps)]
        print("loss", round(losses[0], 4), "->", round(losses[-1], 4))


if __name__ == "__main__":
    main()
