import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(9)
x = np.random.randn(400, 4).astype("float32")
y = (x[:, :1] > 1.0).astype("float32")
w = np.where(y[:, 0] > 0, 5.0, 1.0).astype("float32")
dataset = tf.data.Dataset.from_tensor_slices((x, y, w)).batch(50)

model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
bce = keras.losses.BinaryCrossentropy(from_logits=True)
optimizer = keras.optimizers.Adam(0.01)


@tf.function
def train_step(features, labels, weights):
    with tf.GradientTape() as tape:
        loss = bce(labels, model(features, training=True))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(6):
    for features, labels, weights in dataset:
        loss = train_step(features, labels, weights)
    print("epoch", epoch, float(loss))
