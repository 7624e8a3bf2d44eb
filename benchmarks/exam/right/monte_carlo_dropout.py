"""Dropout that is always on, as the functional model was made with the flag."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(12)
inp = keras.Input((1,))
h = keras.layers.Dense(32, activation="relu")(inp)
h = keras.layers.Dropout(0.1)(h, training=True)
out = keras.layers.Dense(1)(h)
net = keras.Model(inp, out)
opt = keras.optimizers.Adam(0.01)
x = np.linspace(-1, 1, 100, dtype="float32")[:, None]
y = x ** 3
for i in range(80):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
    if i % 20 == 0:
        print(i, float(loss))
samples = np.stack([net(x) for _ in range(10)])
print("std", samples.std(0).mean())
