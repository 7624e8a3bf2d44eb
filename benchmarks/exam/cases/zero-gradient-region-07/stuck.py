import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(48)
x = np.linspace(-1.0, 5.0, 50, dtype="float32").reshape(-1, 1)
y = 2.0 * x - 14.0

model = keras.Sequential([
    keras.layers.Input((1,)),
    keras.layers.Dense(8, activation="relu", name="first"),
    keras.layers.Dense(1, activation="relu", name="last"),
])
optimizer = keras.optimizers.SGD(0.01)


def train(epochs):
    for epoch in range(epochs):
        with tf.GradientTape() as tape:
            loss = keras.losses.MeanSquaredError()(y, model(x))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        if epoch % 20 == 0:
            print("epoch", epoch, "loss", float(loss))


train(100)
