import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(41)
meta = [
    tf.Variable(tf.random.normal((1, 20), stddev=0.3), name="w1"),
    tf.Variable(tf.zeros(20), name="b1"),
    tf.Variable(tf.random.normal((20, 1), stddev=0.3), name="w2"),
    tf.Variable(tf.zeros(1), name="b2"),
]
outer_optimizer = tf.keras.optimizers.Adam(1e-2)
inner_rate = 0.05


def forward(weights, x):
    w1, b1, w2, b2 = weights
    return tf.nn.tanh(x @ w1 + b1) @ w2 + b2


def adapt(weights, x, y, steps=2):
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss = tf.reduce_mean(tf.square(forward(weights, x) - y))
        gradients = tape.gradient(loss, weights)
        weights = [w - inner_rate * g for w, g in zip(weights, gradients)]
    return weights


@tf.function
def meta_step(support_x, support_y, query_x, query_y):
    with tf.GradientTape() as outer:
        fast = adapt([tf.identity(w) for w in meta], support_x, support_y)
        loss = tf.reduce_mean(tf.square(forward(fast, query_x) - query_y))
    outer_optimizer.apply_gradients(zip(outer.gradient(loss, meta), meta))
    return loss


rng = np.random.default_rng(41)
for task in range(6):
    phase, height = rng.uniform(0, np.pi), rng.uniform(0.5, 2.0)
    x = rng.uniform(-3, 3, (20, 1)).astype("float32")
    y = (height * np.sin(x + phase)).astype("float32")
    print(task, float(meta_step(x[:10], y[:10], x[10:], y[10:])))
