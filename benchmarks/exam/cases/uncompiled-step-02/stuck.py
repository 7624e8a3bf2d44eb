import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(121)
frames = np.random.rand(96, 12, 12, 1).astype("float32")
labels = (frames.mean(axis=(1, 2, 3)) > 0.5).astype("int64")
model = tf.keras.Sequential([
    layers.Input((12, 12, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Conv2D(4, 3, activation="relu"),
    layers.Flatten(), layers.Dense(2)])
optimizer = tf.keras.optimizers.Adam(0.003)
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class Trainer:
    def step(self, images, targets):
        with tf.GradientTape() as tape:
            loss = ce(targets, model(images, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return loss

    def fit(self, epochs):
        for epoch in range(epochs):
            for i in range(0, 96, 8):
                loss = self.step(frames[i:i + 8], labels[i:i + 8])
            if epoch % 2 == 0:
                print("epoch", epoch, "loss", float(loss))


Trainer().fit(9)
