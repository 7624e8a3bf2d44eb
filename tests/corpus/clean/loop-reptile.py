import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(4)
rng = np.random.default_rng(4)
model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(20, activation="tanh"), tf.keras.layers.Dense(1)])


def task():
    a, p = rng.uniform(0.5, 2), rng.uniform(0, 3)
    x = rng.uniform(-3, 3, size=(20, 1)).astype("float32")
    return x, (a * np.sin(x + p)).astype("float32")


def inner_train(x, y, steps, rate):
    optimizer = tf.keras.optimizers.SGD(rate)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return float(loss)


meta_rate = 0.5
for it in range(20):
    before = model.get_weights()
    x, y = task()
    loss = inner_train(x, y, 5, 0.05)
    after = model.get_weights()
    model.set_weights([b + meta_rate * (a - b) for b, a in zip(before, after)])
    meta_rate = 0.5 * (1 - it / 20)
    if it % 5 == 0:
        print(it, loss)
