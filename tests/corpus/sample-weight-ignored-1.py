import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(61)


class Classifier(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = tf.keras.layers.Dense(16, activation="relu")
        self.top = tf.keras.layers.Dense(1)
        self.bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)

    def call(self, x, training=None):
        return self.top(self.hidden(x))

    def train_step(self, data):
        x, y, weights = data
        with tf.GradientTape() as tape:
            logits = self(x, training=True)
            loss = self.bce(y, logits)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}


rng = np.random.default_rng(0)
x = rng.normal(size=(400, 5)).astype("float32")
y = (x[:, :1] > 1.4).astype("float32")
weights = np.where(y[:, 0] == 1, 8.0, 1.0).astype("float32")
model = Classifier()
model.compile(optimizer=tf.keras.optimizers.Adam(0.01))
model.fit(x, y, sample_weight=weights, epochs=5, batch_size=50, verbose=2)
