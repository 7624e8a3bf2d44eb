import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(96)
x = np.random.randn(120, 20).astype("float32")
y = (x[:, :1] + 0.3 * np.random.randn(120, 1)).astype("float32")


class Ridge(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(32, activation="relu", kernel_regularizer=keras.regularizers.L2(0.02), name="hidden")
        self.out = keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.02), name="out")

    def call(self, inputs):
        return self.out(self.hidden(inputs))

    def train_step(self, data):
        inputs, labels = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(inputs, training=True) - labels))
            loss += tf.add_n(self.losses)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"mse": loss}


model = Ridge()
model.compile(optimizer=keras.optimizers.Adam(0.01))
model.fit(x, y, epochs=8, batch_size=30, verbose=2)
