"""Spectral normalisation: the power iteration keeps its vector in a weight that does not train."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(48)


class SNDense(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(input_shape[-1], self.units), initializer="orthogonal")
        self.b = self.add_weight(name="b", shape=(self.units,), initializer="zeros")
        self.u = self.add_weight(name="u", shape=(1, self.units), initializer="random_normal", trainable=False)

    def call(self, x, training=False):
        w = tf.convert_to_tensor(self.w)
        u = tf.convert_to_tensor(self.u)
        v = tf.stop_gradient(tf.math.l2_normalize(u @ tf.transpose(w), epsilon=1e-8))
        u = tf.stop_gradient(tf.math.l2_normalize(v @ w, epsilon=1e-8))
        if training:
            self.u.assign(u)
        sigma = tf.squeeze(v @ w @ tf.transpose(u))
        return x @ (w / sigma) + self.b


class Lipschitz(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = SNDense(32)
        self.out = SNDense(1)

    def call(self, x, training=False):
        return self.out(tf.nn.leaky_relu(self.hidden(x, training=training)), training=training)


model = Lipschitz()
opt = keras.optimizers.Adam(1e-2)
x = tf.random.normal((256, 3))
y = tf.norm(x, axis=1, keepdims=True)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(model(x, training=True) - y))
    g = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(g, model.trainable_variables))
    return loss


for i in range(150):
    loss = step()
    if i % 50 == 0 or i == 149:
        print("loss", float(loss))
