import numpy as np
import tensorflow as tf
from tensorflow import keras


class Regressor(keras.Model):
    def __init__(self, width=32, l2=1e-3):
        super().__init__()
        penalty = keras.regularizers.L2(l2)
        self.norm = keras.layers.BatchNormalization(name="norm")
        self.hidden = keras.layers.Dense(width, activation="relu", kernel_regularizer=penalty, name="hidden")
        self.value = keras.layers.Dense(1, kernel_regularizer=penalty, name="value")
        self.tracker = keras.metrics.Mean(name="loss")
        self.mae = keras.metrics.MeanAbsoluteError(name="mae")

    @property
    def metrics(self):
        return [self.tracker, self.mae]

    def call(self, x, training=None):
        return self.value(self.hidden(self.norm(x, training=False)))

    def weighted_error(self, y, pred, weight):
        error = tf.square(tf.squeeze(pred, -1) - y)
        return tf.reduce_sum(error * weight) / tf.reduce_sum(weight)

    def train_step(self, data):
        x, y, weight = data
        with tf.GradientTape() as tape:
            pred = self(x, training=True)
            loss = self.weighted_error(y, pred, weight) + tf.add_n(self.losses)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.tracker.update_state(loss)
        self.mae.update_state(y, tf.squeeze(pred, -1))
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y, weight = data
        pred = self(x, training=False)
        self.tracker.update_state(self.weighted_error(y, pred, weight))
        self.mae.update_state(y, tf.squeeze(pred, -1))
        return {m.name: m.result() for m in self.metrics}


keras.utils.set_random_seed(41)
rng = np.random.default_rng(41)
x = rng.normal(3, 2, (600, 7)).astype("float32")
y = (np.abs(x[:, 0] - 3) + 0.3 * x[:, 1] + rng.normal(0, 0.1, 600)).astype("float32")
weight = np.where(x[:, 2] > 5, 4.0, 1.0).astype("float32")
model = Regressor()
model.compile(optimizer=keras.optimizers.Adam(0.01))
stop = keras.callbacks.EarlyStopping(monitor="val_mae", mode="min", patience=4, restore_best_weights=True)
run = model.fit(x[:480], y[:480], sample_weight=weight[:480], validation_data=(x[480:], y[480:], weight[480:]),
                batch_size=32, epochs=5, verbose=0, callbacks=[stop])
for epoch, (loss, mae) in enumerate(zip(run.history["loss"], run.history["val_mae"])):
    print(f"epoch {epoch} loss {loss:.3f} val_mae {mae:.3f}")
