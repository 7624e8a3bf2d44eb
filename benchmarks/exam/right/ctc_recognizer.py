"""CTC: unaligned labels for sequences, with lengths."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(77)
SYMBOLS, T = 4, 16
model = keras.Sequential([keras.layers.Input((T, SYMBOLS)), keras.layers.Bidirectional(keras.layers.LSTM(16, return_sequences=True)), keras.layers.Dense(SYMBOLS + 1)])
opt = keras.optimizers.Adam(1e-2)


def batch(rng, n=16):
    labels = np.zeros((n, 4), "int32")
    x = rng.normal(0, 0.2, (n, T, SYMBOLS)).astype("float32")
    for i in range(n):
        labels[i] = rng.integers(1, SYMBOLS + 1, 4)
        for k, s in enumerate(labels[i]):
            x[i, 4 * k + rng.integers(0, 2) : 4 * k + 3, s - 1] += 1.0
    return x, labels


@tf.function
def step(x, labels):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        n = tf.shape(x)[0]
        loss = tf.nn.ctc_loss(labels, logits, tf.fill([n], 4), tf.fill([n], T), logits_time_major=False, blank_index=0)
        loss = tf.reduce_mean(loss)
    grads, _ = tf.clip_by_global_norm(tape.gradient(loss, model.trainable_variables), 5.0)
    opt.apply_gradients(zip(grads, model.trainable_variables))
    return loss


rng = np.random.default_rng(77)
for i in range(60):
    loss = step(*batch(rng))
    if i % 19 == 0:
        print("ctc loss", float(loss))
