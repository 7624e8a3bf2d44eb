import tensorflow as tf

tf.keras.utils.set_random_seed(130)


class BetaVAE:
    def __init__(self):
        self.encoder = tf.keras.Sequential([tf.keras.layers.Dense(12, activation="relu"), tf.keras.layers.Dense(4)])
        self.decoder = tf.keras.Sequential([tf.keras.layers.Dense(12, activation="relu"), tf.keras.layers.Dense(8)])
        self.optimizer = tf.keras.optimizers.Adam(3e-3)
        self.beta = 0.0

    @tf.function
    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, log_var = tf.split(self.encoder(x), 2, axis=1)
            z = mean + tf.exp(log_var / 2) * tf.random.normal(tf.shape(mean))
            reconstruction = tf.reduce_mean(tf.reduce_sum(tf.square(self.decoder(z) - x), axis=1))
            kl = -0.5 * tf.reduce_mean(tf.reduce_sum(1.0 + log_var - mean**2 - tf.exp(log_var), axis=1))
            loss = reconstruction + self.beta * kl
        variables = self.encoder.trainable_variables + self.decoder.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return reconstruction, kl

    def fit(self, dataset, epochs):
        for epoch in range(epochs):
            for x in dataset:
                reconstruction, kl = self.train_step(x)
            self.beta = min(1.0, self.beta + 0.25)
            print(epoch, self.beta, float(reconstruction), float(kl))


BetaVAE().fit(tf.data.Dataset.from_tensor_slices(tf.random.normal((96, 8))).batch(32), 4)
