import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(7)
rng = np.random.default_rng(7)
x = rng.normal(size=(256, 10)).astype("float32")
y = np.sin(x @ rng.normal(size=(10, 3))).astype("float32")

backbone = keras.Sequential(
    [keras.Input((10,)), keras.layers.Dense(24, activation="tanh", name="stem"),
     keras.layers.Dense(24, activation="tanh", name="block")], name="backbone")
backbone.trainable = False
model = keras.Sequential([keras.Input((10,)), backbone, keras.layers.Dense(3, name="head")])
for part in model.layers:
    part.trainable = True
optimizer = keras.optimizers.Adam(3e-3)
mse = keras.losses.MeanSquaredError()


@tf.function
def train_step(images, labels):
    with tf.GradientTape() as tape:
        loss = mse(labels, model(images, training=True))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


print("fine-tuning the whole network,", model.count_params(), "parameters")
for epoch in range(12):
    for start in range(0, 256, 64):
        loss = train_step(x[start:start + 64], y[start:start + 64])
    print(f"epoch {epoch}: {float(loss):.5f}")
