"""Co-teaching: each of two networks picks the easy examples for the other."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(84)


def net():
    return keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(2)])


nets = [net(), net()]
optimizers = [keras.optimizers.Adam(5e-3) for _ in nets]


def losses_of(model, x, y):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=model(x, training=True))


@tf.function
def step(x, y, keep):
    chosen = [tf.argsort(losses_of(model, x, y))[:keep] for model in nets]
    total = 0.0
    for model, optimizer, rows in zip(nets, optimizers, reversed(chosen)):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses_of(model, tf.gather(x, rows), tf.gather(y, rows)))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        total += loss
    return total / 2


rng = np.random.default_rng(84)
x = rng.normal(size=(512, 5)).astype("float32")
y = (x[:, 0] + x[:, 1] > 0).astype("int32")
noisy = np.where(rng.uniform(size=512) < 0.2, 1 - y, y).astype("int32")
for epoch in range(8):
    keep = tf.constant(64 - 2 * min(epoch, 6))
    values = [step(x[i : i + 64], noisy[i : i + 64], keep) for i in range(0, 512, 64)]
    print("epoch", epoch, "loss", float(np.mean(values)))
