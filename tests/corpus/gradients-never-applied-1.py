import tensorflow as tf

tf.keras.utils.set_random_seed(120)


class Denoiser(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.net = tf.keras.Sequential([tf.keras.layers.Dense(24, activation="swish"), tf.keras.layers.Dense(8)])

    def call(self, x):
        return self.net(x)

    def train_step(self, batch):
        noise = tf.random.normal(tf.shape(batch))
        level = tf.random.uniform((tf.shape(batch)[0], 1))
        with tf.GradientTape() as tape:
            predicted = self(tf.sqrt(1.0 - level) * batch + tf.sqrt(level) * noise, training=True)
            loss = tf.reduce_mean(tf.square(predicted - noise))
        gradients = tape.gradient(loss, self.trainable_variables)
        gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
        return {"noise_loss": loss, "norm": norm}


denoiser = Denoiser()
denoiser.compile(optimizer=tf.keras.optimizers.Adam(1e-3))
denoiser.fit(tf.random.normal((128, 8)), epochs=3, batch_size=32, verbose=2)
