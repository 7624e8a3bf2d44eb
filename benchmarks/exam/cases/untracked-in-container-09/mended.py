import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(3)


class AE(tf.keras.Model):
    """Autoencoder; extra networks are handed over as keywords."""

    def __init__(self, latent=4, **kwargs):
        super().__init__()
        for key, value in kwargs.items():
            setattr(self, key, value)
        self.enc = tf.keras.Sequential(
            [
                tf.keras.layers.Dense(16, activation="relu", name="enc_hidden"),
                tf.keras.layers.Dense(latent, name="enc_out"),
            ]
        )

    def encode(self, x):
        return self.enc(x)

    def decode(self, z):
        return self.dec(z)

    def compute_loss_ae(self, x):
        return tf.reduce_mean(tf.square(self.decode(self.encode(x)) - x))

    def compute_gradients(self, x):
        with tf.GradientTape() as tape:
            loss = self.compute_loss_ae(x)
        return loss, tape.gradient(loss, self.trainable_variables)

    def train(self, x):
        loss, gradients = self.compute_gradients(x)
        self.optim.apply_gradients(zip(gradients, self.trainable_variables))
        return loss


decoder = tf.keras.Sequential(
    [
        tf.keras.layers.Dense(16, activation="relu", name="dec_hidden"),
        tf.keras.layers.Dense(8, name="dec_out"),
    ]
)
model = AE(latent=3, dec=decoder, optim=tf.keras.optimizers.Adam(0.01))
data = np.random.default_rng(0).normal(size=(96, 8)).astype("float32")
for epoch in range(4):
    for start in range(0, 96, 32):
        loss = model.train(tf.constant(data[start : start + 32]))
    print("epoch", epoch, "loss", float(loss))
