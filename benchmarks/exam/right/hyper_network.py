"""A network that makes the weights of another one, from the description of a task."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(75)
HID = 12
SIZE = HID + HID + HID + 1
hyper = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(SIZE)])
opt = keras.optimizers.Adam(3e-3)


def main_network(flat, x):
    w1, b1, w2, b2 = tf.split(flat, [HID, HID, HID, 1], axis=-1)
    hidden = tf.tanh(x[..., None] * w1[:, None] + b1[:, None])
    return tf.reduce_sum(hidden * w2[:, None], axis=-1) + b2


@tf.function
def step(freq, x):
    y = tf.sin(freq * x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(main_network(hyper(freq, training=True), x) - y))
    g = tape.gradient(loss, hyper.trainable_weights)
    opt.apply_gradients(zip(g, hyper.trainable_weights))
    return loss


for i in range(250):
    freq = tf.random.uniform((32, 1), 0.5, 2.0)
    loss = step(freq, tf.random.uniform((32, 20), -2, 2))
    if i % 80 == 0:
        print("loss", float(loss))
