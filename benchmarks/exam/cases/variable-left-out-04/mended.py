import numpy as np
import tensorflow as tf


class Prior(tf.Module):
    def __init__(self, size):
        super().__init__(name="prior")
        self.mean = tf.Variable(tf.zeros(size), name="mean")
        self.raw = tf.Variable(tf.zeros(size), name="raw")

    def kl(self, mean, logvar):
        spread = tf.nn.softplus(self.raw) + 1e-3
        ratio = tf.exp(logvar) / spread ** 2
        return 0.5 * tf.reduce_sum(ratio + ((mean - self.mean) / spread) ** 2 - 1.0 - tf.math.log(ratio), axis=-1)


class Dense(tf.Module):
    def __init__(self, fan_in, fan_out, name=None):
        super().__init__(name=name)
        self.w = tf.Variable(tf.random.normal((fan_in, fan_out), stddev=fan_in ** -0.5), name="w")
        self.b = tf.Variable(tf.zeros(fan_out), name="b")

    def __call__(self, x):
        return x @ self.w + self.b


tf.random.set_seed(9)
encoder, decoder, prior = Dense(10, 6, "encoder"), Dense(3, 10, "decoder"), Prior(3)
rule = tf.keras.optimizers.Adam(1e-2)
everything = [*encoder.trainable_variables, *decoder.trainable_variables, *prior.trainable_variables]


@tf.function
def elbo_step(x):
    with tf.GradientTape() as tape:
        mean, logvar = tf.split(encoder(x), 2, axis=-1)
        z = mean + tf.exp(0.5 * logvar) * tf.random.normal(tf.shape(mean))
        rebuilt = decoder(z)
        loss = tf.reduce_mean(tf.reduce_sum((rebuilt - x) ** 2, -1) + 0.1 * prior.kl(mean, logvar))
    rule.apply_gradients(zip(tape.gradient(loss, everything), everything))
    return loss


data = tf.random.normal((300, 3)) @ tf.random.normal((3, 10)) + 1.0
for round_number in range(30):
    loss = elbo_step(data)
print(float(loss))
