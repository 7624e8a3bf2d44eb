import numpy as np
import tensorflow as tf
from tensorflow import keras


class AccumulatingModel(keras.Model):
    """Adds up the gradients of `n_gradients` batches before it applies them."""

    def __init__(self, n_gradients, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner
        self.n_gradients = n_gradients
        self.seen = 0
        self.gradient_accumulation = [
            tf.Variable(tf.zeros(v.shape, dtype=tf.float32), trainable=False) for v in inner.trainable_variables
        ]
        self.loss_mean = keras.metrics.Mean(name="loss")

    def call(self, inputs, training=None):
        return self.inner(inputs, training=training)

    @property
    def metrics(self):
        return [self.loss_mean]

    def train_step(self, data):
        x, y = data
        self.seen += 1
        with tf.GradientTape() as tape:
            y_pred = self.inner(x, training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True))
        gradients = tape.gradient(loss, self.inner.trainable_variables)
        for acc, gradient in zip(self.gradient_accumulation, gradients):
            acc.assign_add(gradient / self.n_gradients)
        if self.seen % self.n_gradients == 0:
            self.apply_accu_gradients()
        self.loss_mean.update_state(loss)
        return {m.name: m.result() for m in self.metrics}

    def apply_accu_gradients(self):
        self.optimizer.apply_gradients(zip(self.gradient_accumulation, self.inner.trainable_variables))
        for acc in self.gradient_accumulation:
            acc.assign(tf.zeros_like(acc))


def network(features, classes):
    return keras.Sequential([
        keras.Input((features,)),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(classes),
    ])


keras.utils.set_random_seed(13)
rng = np.random.default_rng(13)
labels = rng.integers(0, 5, 512)
features = (np.eye(5)[labels] @ rng.normal(size=(5, 10)) * 1.5 + rng.normal(size=(512, 10))).astype("float32")
model = AccumulatingModel(n_gradients=4, inner=network(10, 5))
model.compile(optimizer=keras.optimizers.SGD(0.2, momentum=0.9))
history = model.fit(features, labels, batch_size=16, epochs=4, verbose=0)
print([round(v, 4) for v in history.history["loss"]])
