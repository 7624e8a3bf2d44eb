import numpy as np
import tensorflow as tf
from tensorflow import keras


class Weighted(keras.Model):
    def __init__(self):
        super().__init__()
        self.stack = keras.Sequential([keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True)
        self.accuracy = keras.metrics.BinaryAccuracy(name="acc", threshold=0.0)

    def call(self, x, training=False):
        return self.stack(x, training=training)

    def train_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            logits = self(x, training=True)
            loss = self.bce(y, logits)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.accuracy.update_state(y, logits, sample_weight=weight)
        return {"bce": loss, "acc": self.accuracy.result()}


def imbalanced(n=600, seed=5):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.1).astype("float32")
    x = rng.normal(size=(n, 6)).astype("float32") + y[:, None] * 0.8
    weight = np.where(y > 0, 9.0, 1.0).astype("float32")
    return x, y[:, None], weight


keras.utils.set_random_seed(5)
x, y, weight = imbalanced()
data = tf.data.Dataset.from_tensor_slices((x, y, weight)).shuffle(600, seed=2).batch(60)
model = Weighted()
model.compile(optimizer=keras.optimizers.Adam(0.01))
model.fit(data, epochs=4, verbose=2)
