"""Ten updates per call, in a loop of the graph; layers called one by one."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(80)
layers = [keras.layers.Dense(32, activation="tanh") for _ in range(3)]
head = keras.layers.Dense(1)
x = tf.random.normal((256, 4))
y = tf.sin(tf.reduce_sum(x, axis=1, keepdims=True))
h = x
for layer in layers:
    h = layer(h)
head(h)
variables = [v for layer in [*layers, head] for v in layer.trainable_variables]
optimizer = keras.optimizers.Adam(3e-3)
optimizer.build(variables)


def forward(inputs):
    for layer in layers:
        inputs = layer(inputs)
    return head(inputs)


@tf.function
def ten_steps(loss):
    for _ in tf.range(10):
        rows = tf.random.uniform((64,), 0, 256, dtype=tf.int32)
        xb, yb = tf.gather(x, rows), tf.gather(y, rows)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((forward(xb) - yb) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


loss = tf.constant(0.0)
for i in range(12):
    loss = ten_steps(loss)
    if i % 3 == 0 or i == 11:
        print("loss", float(loss))
