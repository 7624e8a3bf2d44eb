import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(97)
x = np.random.randn(128, 4).astype("float32")
y = x[:, :1] - x[:, 3:]
encoder = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(6, activation="tanh", name="e")])
head = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(1, name="h")])
slow, fast = tf.keras.optimizers.SGD(0.02), tf.keras.optimizers.SGD(0.2)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(head(encoder(inputs)) - labels))
    e, h = tape.gradient(loss, [encoder.trainable_variables, head.trainable_variables])
    slow.apply_gradients(zip(e, encoder.trainable_variables))
    fast.apply_gradients(zip(h, head.trainable_variables))
    return loss


for epoch in range(10):
    for i in range(0, 128, 32):
        loss = train_step(x[i:i + 32], y[i:i + 32])
    print("epoch", epoch, "loss", float(loss))
