import numpy as np
import tensorflow as tf

keras = tf.keras
NOISE = 4


def mlp(inputs, outputs, name):
    return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(24, name=f"{name}_1"), keras.layers.LeakyReLU(),
                             keras.layers.Dense(24, name=f"{name}_2"), keras.layers.LeakyReLU(),
                             keras.layers.Dense(outputs, name=f"{name}_3")], name=name)


class TwoTimescale:
    def __init__(self, data, rate_d=4e-3, rate_g=1e-3):
        self.gen, self.dis = mlp(NOISE, 2, "gen"), mlp(2, 1, "dis")
        self.opt_d = keras.optimizers.Adam(rate_d, beta_1=0.5)
        self.opt_g = keras.optimizers.Adam(rate_g, beta_1=0.5)
        self.data = data
        self.log = []

    def d_loss(self, real, fake):
        return tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(fake))

    def g_loss(self, fake):
        return tf.reduce_mean(tf.nn.softplus(-fake))

    @tf.function
    def step_d(self, real):
        noise = tf.random.normal([tf.shape(real)[0], NOISE])
        with tf.GradientTape() as tape:
            loss = self.d_loss(self.dis(real), self.dis(self.gen(noise)))
        grads = tape.gradient(loss, self.dis.trainable_variables)
        self.opt_d.apply_gradients(zip(grads, self.dis.trainable_variables))
        return loss

    @tf.function
    def step_g(self, count):
        noise = tf.random.normal([count, NOISE])
        with tf.GradientTape() as tape:
            loss = self.g_loss(self.dis(self.gen(noise)))
        grads = tape.gradient(loss, self.gen.trainable_variables)
        self.opt_g.apply_gradients(zip(grads, self.gen.trainable_variables))
        return loss

    def train(self, epochs):
        for epoch in range(epochs):
            for real in self.data:
                d = self.step_d(real)
                g = self.step_g(tf.shape(real)[0])
                self.log.append((float(d), float(g)))
            centre = tf.reduce_mean(self.gen(tf.random.normal([256, NOISE])), axis=0).numpy()
            print("epoch", epoch, "d %.3f g %.3f" % self.log[-1], "centre", centre.round(2))


keras.utils.set_random_seed(31)
points = np.random.default_rng(31).normal([2.0, -1.0], [0.5, 0.3], (512, 2)).astype("float32")
gan = TwoTimescale(tf.data.Dataset.from_tensor_slices(points).shuffle(512, seed=1).batch(64, drop_remainder=True))
gan.train(8)
