import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(116)
x = np.random.randn(128, 6).astype("float32")
labels = np.random.randint(0, 3, 128)
x[np.arange(128), labels] += 2


def compute(model, loss_fn, inputs, targets):
    with tf.GradientTape() as tape:
        loss = loss_fn(targets, model(inputs, training=True))
    return loss, tape.gradient(loss, model.trainable_variables)


model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(12, activation="relu", name="x1"),
                          keras.layers.Dense(3, name="x2")])
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.Adam(0.01)
for epoch in range(6):
    for i in range(0, 128, 32):
        loss, gradients = compute(model, loss_fn, x[i:i + 32], labels[i:i + 32])
        gradients, norm = tf.clip_by_global_norm(gradients, 5.0)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    print("epoch", epoch, "norm", float(norm), "loss", float(loss))
