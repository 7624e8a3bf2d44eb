import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(192)


class Trainer:
    def __init__(self, compiled=True):
        self.model = tf.keras.Sequential([
            tf.keras.layers.Input((6,)), tf.keras.layers.Dense(12, activation="relu"), tf.keras.layers.Dense(3)])
        self.optimizer = tf.keras.optimizers.Adam(0.01)
        self.compiled = compiled

    def _step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, self.model(x)))
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        return loss

    def train_on_batch(self, x, y):
        step = tf.function(self._step) if self.compiled else self._step
        return step(x, y)

    def fit(self, x, y, epochs=3, size=32):
        for epoch in range(epochs):
            losses = [float(self.train_on_batch(tf.constant(x[i:i + size]), tf.constant(y[i:i + size])))
                      for i in range(0, len(x), size)]
            print("epoch", epoch, "loss", np.mean(losses))


x = np.random.randn(160, 6).astype("float32")
y = np.argmax(x[:, :3], 1)
trainer = Trainer()
trainer.optimizer.build(trainer.model.trainable_variables)
trainer.fit(x, y)
