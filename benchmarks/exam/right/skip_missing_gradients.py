"""Two heads, one of which takes part in each step: gradients that are None are left out."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(104)
body = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(24, activation="relu")])
heads = {name: keras.Sequential([keras.layers.Input((24,)), keras.layers.Dense(1)]) for name in ("left", "right")}
variables = sum((m.trainable_variables for m in [body, *heads.values()]), [])
optimizer = keras.optimizers.Adam(5e-3)
optimizer.build(variables)


def train(task, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((heads[task](body(x)) - y) ** 2)
    pairs = zip(tape.gradient(loss, variables), variables)
    optimizer.apply_gradients([(g, v) for g, v in pairs if g is not None])
    return float(loss)


targets = {"left": lambda x: x[:, :1], "right": lambda x: tf.abs(x[:, 1:2])}
for i in range(100):
    task = "left" if i % 2 == 0 else "right"
    x = tf.random.normal((64, 4))
    loss = train(task, x, targets[task](x))
    if i in (0, 1, 50, 51, 98, 99):
        print(task, "loss", loss)
