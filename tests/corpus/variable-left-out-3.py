import tensorflow as tf

tf.keras.utils.set_random_seed(5)
data = tf.random.normal((256, 12)) @ tf.random.normal((12, 12))


class Encoder(tf.keras.Model):
    def __init__(self, latent):
        super().__init__()
        self.hidden = tf.keras.layers.Dense(24, activation="tanh")
        self.mean = tf.keras.layers.Dense(latent)
        self.log_var = tf.keras.layers.Dense(latent)

    def call(self, x):
        h = self.hidden(x)
        return self.mean(h), self.log_var(h)


encoder = Encoder(4)
decoder = tf.keras.Sequential([tf.keras.layers.Dense(24, activation="tanh"), tf.keras.layers.Dense(12)])
log_scale = tf.Variable(0.0, name="log_scale")
optimizer = tf.keras.optimizers.Adam(3e-3)
encoder(data[:1])
decoder(tf.zeros((1, 4)))


@tf.function
def train_step(x):
    with tf.GradientTape() as tape:
        mean, log_var = encoder(x)
        z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
        out = decoder(z)
        nll = 0.5 * tf.square((x - out) / tf.exp(log_scale)) + log_scale
        nll = tf.reduce_sum(nll, axis=1)
        kl = -0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=1)
        loss = tf.reduce_mean(nll + kl)
    weights = encoder.trainable_variables + decoder.trainable_variables
    grads = tape.gradient(loss, weights)
    optimizer.apply_gradients(zip(grads, weights))
    return loss


for epoch in range(12):
    for batch in tf.data.Dataset.from_tensor_slices(data).shuffle(256, seed=1).batch(64):
        loss = train_step(batch)
    print(epoch, float(loss))
