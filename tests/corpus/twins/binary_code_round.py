import tensorflow as tf
from tensorflow.keras import layers


class Binarizer(layers.Layer):
    def call(self, x):
        p = tf.sigmoid(x)
        return tf.round(p)  # stuck
        return p + tf.stop_gradient(tf.round(p) - p)  # mended


def build_codec(bits):
    enc_in = tf.keras.Input((16,))
    code = Binarizer(name="code")(layers.Dense(bits)(layers.Dense(32, "relu")(enc_in)))
    dec = layers.Dense(16)(layers.Dense(32, "relu")(code))
    return tf.keras.Model(enc_in, dec)


codec = build_codec(12)
optimizer = tf.keras.optimizers.Adam(1e-3)


def train(dataset, steps):
    it = iter(dataset.repeat())
    for _ in range(steps):
        x = next(it)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x - codec(x, training=True)))
        grads_and_vars = zip(tape.gradient(loss, codec.trainable_variables), codec.trainable_variables)
        optimizer.apply_gradients((g, v) for g, v in grads_and_vars if g is not None)


train(tf.data.Dataset.from_tensor_slices(tf.random.normal((64, 16))).batch(16), 10)
