import numpy as np
import tensorflow as tf
from tensorflow import keras


class AveragedWeights(keras.callbacks.Callback):
    """Keeps an exponential moving average and evaluates with it at the end."""

    def __init__(self, decay=0.99):
        super().__init__()
        self.decay = decay
        self.shadow = None

    def on_train_begin(self, logs=None):
        self.shadow = [np.array(w) for w in self.model.get_weights()]

    def on_train_batch_end(self, batch, logs=None):
        d = self.decay
        self.shadow = [d * s + (1 - d) * w for s, w in zip(self.shadow, self.model.get_weights())]

    def on_train_end(self, logs=None):
        self.model.set_weights(self.shadow)


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.a = keras.layers.Dense(16, "relu")
        self.b = keras.layers.Dense(1)

    def call(self, x):
        return self.b(self.a(x))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"mse": loss}


keras.utils.set_random_seed(38)
x = np.random.randn(320, 5).astype("float32")
y = x[:, :1] * 3 + 1
net = Net()
net(x[:1])
net.compile(optimizer=keras.optimizers.Adam(0.02))
print(net.fit(x, y, batch_size=32, epochs=6, callbacks=[AveragedWeights()], verbose=0).history)
print("averaged model", float(np.mean((net.predict(x, verbose=0) - y) ** 2)))
