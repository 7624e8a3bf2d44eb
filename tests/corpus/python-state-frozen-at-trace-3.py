import tensorflow as tf

tf.keras.utils.set_random_seed(9)


class VAE(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.enc = tf.keras.layers.Dense(8)
        self.dec = tf.keras.layers.Dense(10)
        self.kl_weight = 0.0

    def call(self, x):
        mean, log_var = tf.split(self.enc(x), 2, axis=1)
        z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
        kl = -0.5 * tf.reduce_mean(1 + log_var - mean**2 - tf.exp(log_var))
        return self.dec(z), kl

    def train_step(self, x):
        with tf.GradientTape() as tape:
            out, kl = self(x, training=True)
            reconstruction = tf.reduce_mean((out - x) ** 2)
            loss = reconstruction + self.kl_weight * kl
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"reconstruction": reconstruction, "kl": kl}


class Annealing(tf.keras.callbacks.Callback):
    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        self.model.kl_weight = min(1.0, epoch / self.epochs)


vae = VAE()
vae.compile(optimizer=tf.keras.optimizers.Adam(0.01))
vae.fit(tf.random.normal((256, 10)), batch_size=64, epochs=8, callbacks=[Annealing(4)], verbose=2)
