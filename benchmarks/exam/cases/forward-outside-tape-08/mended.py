import numpy as np
import tensorflow as tf

bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)


def network(sizes, name):
    net = tf.keras.Sequential(name=name)
    net.add(tf.keras.layers.Input((sizes[0],)))
    for width in sizes[1:-1]:
        net.add(tf.keras.layers.Dense(width, activation="relu"))
    net.add(tf.keras.layers.Dense(sizes[-1]))
    return net


class GAN:
    def __init__(self, latent):
        self.latent = latent
        self.maker = network([latent, 16, 2], "maker")
        self.judge = network([2, 16, 1], "judge")
        self.opts = dict(maker=tf.keras.optimizers.Adam(1e-3), judge=tf.keras.optimizers.Adam(1e-3))

    def judge_step(self, real, fake):
        with tf.GradientTape() as tape:
            on_real, on_fake = self.judge(real), self.judge(fake)
            loss = bce(tf.ones_like(on_real), on_real) + bce(tf.zeros_like(on_fake), on_fake)
        self._apply("judge", tape, loss)
        return loss

    def maker_step(self, noise):
        with tf.GradientTape() as tape:
            fake = self.maker(noise)
            on_fake = self.judge(fake)
            loss = bce(tf.ones_like(on_fake), on_fake)
        self._apply("maker", tape, loss)
        return loss

    def _apply(self, which, tape, loss):
        weights = getattr(self, which).trainable_variables
        self.opts[which].apply_gradients(zip(tape.gradient(loss, weights), weights))

    def train(self, real):
        noise = tf.random.normal([len(real), self.latent])
        fake = self.maker(noise)
        d = self.judge_step(real, fake)
        return float(d), float(self.maker_step(noise))


tf.keras.utils.set_random_seed(6)
gan = GAN(3)
for i in range(10):
    real = (np.random.randn(32, 2) + 3).astype("float32")
    print(i, gan.train(real))
