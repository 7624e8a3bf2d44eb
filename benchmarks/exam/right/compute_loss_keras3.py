"""A train_step in Keras 3 that leaves loss, scaling and metrics to the base class."""
import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(63)


class Custom(keras.Model):
    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        trainable = self.trainable_weights
        self.optimizer.apply(tape.gradient(scaled, trainable), trainable)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred, sample_weight)
        return {m.name: m.result() for m in self.metrics}


inputs = keras.Input((4,))
hidden = keras.layers.Dense(16, activation="relu", kernel_regularizer="l2")(inputs)
outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.Dropout(0.1)(hidden))
model = Custom(inputs, outputs)
model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
rng = np.random.default_rng(63)
x = rng.normal(size=(400, 4)).astype("float32")
y = np.argmax(x[:, :3], axis=1)
weights = np.where(y == 0, 2.0, 1.0)
history = model.fit(x, y, sample_weight=weights, epochs=6, verbose=0)
for value in history.history["loss"]:
    print("loss", value)
