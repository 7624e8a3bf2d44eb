"""A neural ODE: Runge-Kutta steps inside a tf.while loop, gradients through all of them."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(43)
field = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(24, activation="tanh"), keras.layers.Dense(2)])
opt = keras.optimizers.Adam(1e-2)
H, STEPS = 0.1, 20


def rk4(y):
    k1 = field(y)
    k2 = field(y + H / 2 * k1)
    k3 = field(y + H / 2 * k2)
    k4 = field(y + H * k3)
    return y + H / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def solve(y0):
    states = tf.TensorArray(tf.float32, size=STEPS, element_shape=(None, 2))
    y = y0
    for t in tf.range(STEPS):
        y = rk4(y)
        states = states.write(t, y)
    return states.stack()


def true_orbit(y0):
    t = H * tf.range(1, STEPS + 1, dtype=tf.float32)
    decay = tf.exp(-0.2 * t)[:, None]
    c, s = tf.cos(t)[:, None], tf.sin(t)[:, None]
    return tf.stack([decay * (c * y0[:, 0] - s * y0[:, 1]), decay * (s * y0[:, 0] + c * y0[:, 1])], axis=-1)


@tf.function
def step(y0, truth):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(solve(y0) - truth))
    grads = tape.gradient(loss, field.trainable_variables)
    opt.apply_gradients(zip(grads, field.trainable_variables))
    return loss


for i in range(100):
    y0 = tf.random.uniform((16, 2), -1.0, 1.0)
    loss = step(y0, true_orbit(y0))
    if i % 33 == 0:
        print("loss", float(loss))
