import tensorflow as tf

tf.keras.utils.set_random_seed(37)


class WGAN(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.critic = tf.keras.Sequential(
            [tf.keras.Input((2,)), tf.keras.layers.Dense(32, activation="softplus"), tf.keras.layers.Dense(1)]
        )
        self.generator = tf.keras.Sequential(
            [tf.keras.Input((3,)), tf.keras.layers.Dense(32, activation="relu"), tf.keras.layers.Dense(2)]
        )

    def compile(self, c_opt, g_opt):
        super().compile()
        self.c_opt, self.g_opt = c_opt, g_opt

    def penalty(self, real, fake):
        mix = tf.random.uniform((tf.shape(real)[0], 1))
        between = mix * real + (1.0 - mix) * fake
        with tf.GradientTape() as tape:
            tape.watch(between)
            score = self.critic(between, training=True)
        slope = tape.gradient(score, between)
        return tf.reduce_mean((tf.norm(slope, axis=1) - 1.0) ** 2)

    def train_step(self, real):
        n = tf.shape(real)[0]
        fake = self.generator(tf.random.normal((n, 3)), training=True)
        gp = self.penalty(real, fake)
        with tf.GradientTape() as tape:
            wasserstein = tf.reduce_mean(self.critic(fake)) - tf.reduce_mean(self.critic(real))
            c_loss = wasserstein + 10.0 * gp
        grads = tape.gradient(c_loss, self.critic.trainable_variables)
        self.c_opt.apply_gradients(zip(grads, self.critic.trainable_variables))
        with tf.GradientTape() as tape:
            g_loss = -tf.reduce_mean(self.critic(self.generator(tf.random.normal((n, 3)), training=True)))
        grads = tape.gradient(g_loss, self.generator.trainable_variables)
        self.g_opt.apply_gradients(zip(grads, self.generator.trainable_variables))
        return {"c": c_loss, "g": g_loss, "gp": gp}


gan = WGAN()
gan.compile(tf.keras.optimizers.Adam(1e-3, beta_1=0.5), tf.keras.optimizers.Adam(1e-3, beta_1=0.5))
gan.fit(tf.random.normal((256, 2)) + 3.0, batch_size=64, epochs=4, verbose=2)
