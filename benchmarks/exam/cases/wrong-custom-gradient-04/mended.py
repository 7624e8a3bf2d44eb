"""A network with binary activations for a parity-like table; straight-through estimator; own train_step."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(77)


@tf.custom_gradient
def binarise(x):
    def back(dy):
        return dy * tf.cast(tf.abs(x) <= 1.0, dy.dtype)

    return tf.sign(x), back


class BinaryDense(tf.keras.layers.Layer):
    def __init__(self, units, **kw):
        super().__init__(**kw)
        self.inner = tf.keras.layers.Dense(units)
        self.norm = tf.keras.layers.LayerNormalization()

    def call(self, x):
        return binarise(self.norm(self.inner(x)))


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [BinaryDense(48), BinaryDense(48)]
        self.out = tf.keras.layers.Dense(1)

    def call(self, x):
        for b in self.blocks:
            x = b(x)
        return self.out(x)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            z = self(x, training=True)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=z))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"loss": loss}


rng = np.random.default_rng(5)
x = rng.normal(size=(512, 8)).astype("float32")
y = (np.sign(x[:, :1] * x[:, 1:2]) > 0).astype("float32")
net = Net()
net.compile(optimizer=tf.keras.optimizers.Adam(5e-3))
net.fit(x, y, batch_size=64, epochs=4, verbose=2)
