"""Harder examples later: the difficulty is a variable the data depend on."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(95)
difficulty = tf.Variable(0.1, trainable=False, dtype=tf.float32)
model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(48, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(5e-3)


def sample():
    x = tf.random.normal((64, 8)) * difficulty
    return x, tf.reduce_sum(tf.sin(3.0 * x), axis=1, keepdims=True)


@tf.function
def step():
    x, y = sample()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(model(x, training=True) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


test_x = tf.random.normal((300, 8)) * 0.5
test_y = tf.reduce_sum(tf.sin(3.0 * test_x), axis=1, keepdims=True)
for i in range(240):
    step()
    if i % 40 == 39:
        difficulty.assign(tf.minimum(0.5, difficulty * 1.5))
    if i % 79 == 0:
        print("test loss", float(tf.reduce_mean(tf.abs(model(test_x) - test_y))))
