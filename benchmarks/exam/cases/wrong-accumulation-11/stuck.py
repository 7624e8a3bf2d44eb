import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(5)
x = np.random.randn(240, 5).astype("float32")
y = (x[:, :1] * 1.5 - np.abs(x[:, 1:2])).astype("float32")

net = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
opt = keras.optimizers.Adam(5e-3)
EVERY = 4


def train_epoch(batches):
    accumulated = [tf.zeros_like(v) for v in net.trainable_variables]
    for step, (bx, by) in enumerate(batches):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(bx, training=True) - by)) / EVERY
        gradients = tape.gradient(loss, net.trainable_variables)
        accumulated = [a + g for a, g in zip(accumulated, gradients)]
        if (step + 1) % EVERY == 0:
            opt.apply_gradients(zip(gradients, net.trainable_variables))
            accumulated = [tf.zeros_like(v) for v in net.trainable_variables]
    return float(loss) * EVERY


data = tf.data.Dataset.from_tensor_slices((x, y)).batch(15)
for epoch in range(6):
    print(epoch, train_epoch(data))
