import tensorflow as tf
from tensorflow import keras


class WGANGP(keras.Model):
    def __init__(self, critic, generator, latent_dim, gp_weight=10.0):
        super().__init__()
        self.critic, self.generator = critic, generator
        self.latent_dim, self.gp_weight = latent_dim, gp_weight

    def compile(self, c_opt, g_opt):
        super().compile()
        self.c_opt, self.g_opt = c_opt, g_opt

    def gradient_penalty(self, real, fake):
        alpha = tf.random.uniform((tf.shape(real)[0], 1))
        mixed = fake + alpha * (real - fake)
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            score = self.critic(mixed, training=True)
        slope = tape.gradient(score, mixed)
        norm = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=1) + 1e-12)
        return tf.reduce_mean((norm - 1.0) ** 2)

    def train_step(self, real):
        n = tf.shape(real)[0]
        for _ in range(3):
            noise = tf.random.normal((n, self.latent_dim))
            fake = self.generator(noise, training=True)
            penalty = self.gradient_penalty(real, fake)  # stuck
            with tf.GradientTape() as tape:
                cost = tf.reduce_mean(self.critic(fake, training=True)) - tf.reduce_mean(self.critic(real, training=True))
                penalty = self.gradient_penalty(real, fake)  # mended
                c_loss = cost + self.gp_weight * penalty  # here
            grads = tape.gradient(c_loss, self.critic.trainable_variables)
            self.c_opt.apply_gradients(zip(grads, self.critic.trainable_variables))
        with tf.GradientTape() as tape:
            g_loss = -tf.reduce_mean(self.critic(self.generator(tf.random.normal((n, self.latent_dim)), training=True), training=True))
        grads = tape.gradient(g_loss, self.generator.trainable_variables)
        self.g_opt.apply_gradients(zip(grads, self.generator.trainable_variables))
        return {"c_loss": c_loss, "g_loss": g_loss}


def mlp(i, o):
    return keras.Sequential([keras.Input((i,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(o)])


gan = WGANGP(mlp(2, 1), mlp(4, 2), 4)
gan.compile(keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4))
gan.fit(tf.data.Dataset.from_tensor_slices(tf.random.normal((64, 2))).batch(16), epochs=1, verbose=0)
