import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


class Bottleneck(layers.Layer):
    """Samples a code and puts its divergence among the layer's losses."""

    def __init__(self, size, weight, **kwargs):
        super().__init__(**kwargs)
        self.to_mean = layers.Dense(size, name="to_mean")
        self.to_spread = layers.Dense(size, name="to_spread")
        self.weight = weight

    def call(self, x):
        mean, spread = self.to_mean(x), self.to_spread(x)
        kl = 0.5 * tf.reduce_sum(tf.exp(spread) + tf.square(mean) - 1.0 - spread, axis=1)
        self.add_loss(self.weight * tf.reduce_mean(kl))
        return mean + tf.exp(0.5 * spread) * tf.random.normal(tf.shape(mean))


def train(net, optimizer, batches, epochs):
    for epoch in range(epochs):
        for batch in batches:
            with tf.GradientTape() as tape:
                restored = net(batch, training=True)
                loss = tf.reduce_mean(tf.reduce_sum(tf.square(batch - restored), axis=1))
            variables = net.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        print(f"epoch {epoch}: {float(loss):.3f}")


if __name__ == "__main__":
    keras.utils.set_random_seed(51)
    melodies = np.cumsum(np.random.randn(240, 10), axis=1).astype("float32") / 3
    inputs = keras.Input((10,))
    code = Bottleneck(3, 0.5, name="bottleneck")(layers.Dense(8, activation="tanh")(inputs))
    net = keras.Model(inputs, layers.Dense(10)(code))
    train(net, keras.optimizers.Adam(1e-2), tf.data.Dataset.from_tensor_slices(melodies).batch(40), 4)
