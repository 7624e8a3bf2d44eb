import tensorflow as tf
from tensorflow.keras.optimizers import Adam


class CycleGAN:
    def __init__(self):
        make = lambda name: tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, "relu"), tf.keras.layers.Dense(4)], name=name)
        self.G, self.F = make("G"), make("F")
        self.g_opt = self.f_opt = Adam(2e-4, beta_1=0.5)  # stuck
        self.g_opt = Adam(2e-4, beta_1=0.5)  # mended
        self.f_opt = Adam(2e-4, beta_1=0.5)  # mended

    @tf.function
    def step(self, a, b):
        with tf.GradientTape(persistent=True) as tape:
            fake_b = self.G(a, training=True)
            fake_a = self.F(b, training=True)
            cycle = tf.reduce_mean(tf.abs(self.F(fake_b) - a)) + tf.reduce_mean(tf.abs(self.G(fake_a) - b))
            g_loss = tf.reduce_mean((fake_b - b) ** 2) + cycle
            f_loss = tf.reduce_mean((fake_a - a) ** 2) + cycle
        self.g_opt.apply_gradients(zip(tape.gradient(g_loss, self.G.trainable_variables), self.G.trainable_variables))
        self.f_opt.apply_gradients(zip(tape.gradient(f_loss, self.F.trainable_variables), self.F.trainable_variables))  # here
        return g_loss, f_loss


c = CycleGAN()
for _ in range(4):
    c.step(tf.random.normal((8, 4)), tf.random.normal((8, 4)))
