import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(29)
rng = np.random.default_rng(29)
x = rng.uniform(0.0, 1.0, size=(320, 6)).astype("float32")
y = np.sum(x[:, :3], axis=1, keepdims=True).astype("float32")

model = keras.Sequential([
    keras.Input((6,)),
    keras.layers.Dense(32, activation="relu", name="wide",
                       kernel_initializer="he_normal"),
    keras.layers.Dense(1, name="out"),
])
optimizer = keras.optimizers.Adam(0.005)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs, training=True) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(15):
    for i in range(0, 320, 40):
        loss = train_step(x[i:i + 40], y[i:i + 40])
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", float(loss))
