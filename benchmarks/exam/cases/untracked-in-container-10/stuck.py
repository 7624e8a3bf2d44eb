import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


class SiameseNet(keras.Model):
    backbone = keras.Sequential([layers.Dense(24, activation="relu"), layers.Dense(8)])

    def __init__(self):
        super().__init__()
        self.score = layers.Dense(1)

    def call(self, inputs):
        a, b = inputs
        return self.score(tf.abs(self.backbone(a) - self.backbone(b)))


keras.utils.set_random_seed(7)
left = np.random.randn(300, 10).astype("float32")
right = np.where(np.arange(300)[:, None] % 2 == 0, left + 0.1 * np.random.randn(300, 10), np.random.randn(300, 10)).astype("float32")
same = (np.arange(300)[:, None] % 2 == 0).astype("float32")

net = SiameseNet()
opt = keras.optimizers.Adam(5e-3)
bce = keras.losses.BinaryCrossentropy(from_logits=True)
for epoch in range(8):
    for i in range(0, 300, 50):
        with tf.GradientTape() as tape:
            loss = bce(same[i:i + 50], net((left[i:i + 50], right[i:i + 50])))
        grads = tape.gradient(loss, net.trainable_weights)
        opt.apply_gradients(zip(grads, net.trainable_weights))
    print(epoch, float(loss))
