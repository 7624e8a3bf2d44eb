import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(9)
rng = np.random.default_rng(9)
x = rng.normal(size=(256, 12)).astype("float32")
y = rng.integers(0, 4, 256)
x[np.arange(256), y] += 2.0

encoder = keras.Sequential([keras.Input((12,)), keras.layers.Dense(20, activation="relu", name="enc")])
probe = keras.Sequential([keras.Input((20,)), keras.layers.Dense(4, name="probe")])
optimizer = keras.optimizers.Adam(0.01)
crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(images, labels):
    with tf.GradientTape() as tape:
        codes = encoder(images, training=True)
        codes = tf.stop_gradient(codes)
        loss = crossentropy(labels, probe(codes, training=True))
    trained = encoder.trainable_variables + probe.trainable_variables
    grads = tape.gradient(loss, trained)
    optimizer.apply_gradients(zip(grads, trained))
    return loss


for epoch in range(10):
    for i in range(0, 256, 64):
        loss = train_step(x[i:i + 64], y[i:i + 64])
    print("epoch", epoch, "loss", float(loss))
