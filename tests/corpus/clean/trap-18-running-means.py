import tensorflow as tf

tf.keras.utils.set_random_seed(33)


class Autoencoder(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = tf.keras.layers.Dense(4)
        self.decoder = tf.keras.layers.Dense(6)
        self.total_tracker = tf.keras.metrics.Mean(name="total")
        self.kl_tracker = tf.keras.metrics.Mean(name="kl")

    @property
    def metrics(self):
        return [self.total_tracker, self.kl_tracker]

    def call(self, x):
        mean, log_variance = tf.split(self.encoder(x), 2, axis=1)
        z = mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))
        return self.decoder(z), mean, log_variance

    def train_step(self, data):
        with tf.GradientTape() as tape:
            output, mean, log_variance = self(data, training=True)
            reconstruction = tf.reduce_mean(tf.reduce_sum(tf.square(data - output), axis=1))
            kl = -0.5 * tf.reduce_mean(tf.reduce_sum(1 + log_variance - tf.square(mean) - tf.exp(log_variance), axis=1))
            total = reconstruction + kl
        gradients = tape.gradient(total, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
        self.total_tracker.update_state(total)
        self.kl_tracker.update_state(kl)
        return {"total": self.total_tracker.result(), "kl": self.kl_tracker.result()}


vae = Autoencoder()
vae.compile(optimizer=tf.keras.optimizers.Adam(0.01))
history = vae.fit(tf.random.normal((96, 6)), epochs=3, batch_size=16, verbose=0)
print(history.history["total"])
