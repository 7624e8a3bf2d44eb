"""Cox partial likelihood: risk sets by a cumulative logsumexp over sorted times."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(91)
rng = np.random.default_rng(91)
x = rng.normal(size=(300, 4)).astype("float32")
hazard = np.exp(x[:, 0] - 0.5 * x[:, 1])
time = rng.exponential(1 / hazard)
event = (time < 2.0).astype("float32")
order = np.argsort(-time)
x, event = tf.constant(x[order]), tf.constant(event[order])
risk = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(16, activation="selu"), keras.layers.Dense(1, use_bias=False)])
opt = keras.optimizers.Adam(5e-3)


@tf.function
def step():
    with tf.GradientTape() as tape:
        score = risk(x, training=True)[:, 0]
        log_risk = tf.math.cumulative_logsumexp(score)
        loss = -tf.reduce_sum((score - log_risk) * event) / tf.reduce_sum(event)
    g = tape.gradient(loss, risk.trainable_variables)
    opt.apply_gradients(zip(g, risk.trainable_variables))
    return loss


for i in range(100):
    loss = step()
    if i % 33 == 0:
        print("partial likelihood loss", float(loss))
