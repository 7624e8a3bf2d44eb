import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(86)
tf.random.set_seed(86)
shared = tf.Variable(tf.random.normal((3, 1), stddev=0.1), name="shared")
inner_rate = tf.Variable(0.05, name="inner_rate")
meta = tf.keras.optimizers.Adam(0.02)
rng = np.random.default_rng(86)


def task():
    slope = rng.normal(loc=1.0, scale=0.3, size=(3, 1)).astype("float32")
    x = rng.normal(size=(20, 3)).astype("float32")
    return tf.constant(x), tf.constant(x @ slope)


def error(weights, x, y):
    return tf.reduce_mean(tf.square(x @ weights - y))


for turn in range(60):
    x, y = task()
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            first = error(shared, x[:10], y[:10])
        slope = inner.gradient(first, shared)
        adapted = shared - inner_rate * tf.convert_to_tensor(slope)
        loss = error(adapted, x[10:], y[10:])
        # keep the adaptation gentle: its own gradient should be small as well
        loss += 0.1 * tf.reduce_sum(tf.square(slope))
    grads = outer.gradient(loss, [shared, inner_rate])
    meta.apply_gradients(zip(grads, [shared, inner_rate]))
    if turn % 10 == 0:
        print("turn", turn, "loss", float(loss))
