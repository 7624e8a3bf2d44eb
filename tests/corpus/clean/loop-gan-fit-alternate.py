import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(7)


class CGAN(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.g = tf.keras.Sequential([tf.keras.Input((5,)), layers.Dense(16), layers.BatchNormalization(), layers.ReLU(), layers.Dense(2)])
        self.d = tf.keras.Sequential([tf.keras.Input((3,)), layers.Dense(16), layers.LeakyReLU(), layers.Dropout(0.2), layers.Dense(1)])
        self.count = tf.Variable(0, trainable=False, dtype=tf.int64)
        self.d_metric = tf.keras.metrics.Mean(name="d")
        self.g_metric = tf.keras.metrics.Mean(name="g")

    def compile(self, d_opt, g_opt, loss_fn):
        super().compile()
        self.d_opt, self.g_opt, self.loss_fn = d_opt, g_opt, loss_fn

    @property
    def metrics(self):
        return [self.d_metric, self.g_metric]

    def call(self, x):
        return self.g(x)

    def train_step(self, data):
        x, label = data
        label = tf.cast(label, tf.float32)
        n = tf.shape(x)[0]
        z = tf.concat([tf.random.normal((n, 4)), label], 1)
        with tf.GradientTape() as tape:
            fake = tf.stop_gradient(self.g(z, training=True))
            both = tf.concat([tf.concat([x, label], 1), tf.concat([fake, label], 1)], 0)
            target = tf.concat([tf.ones((n, 1)) * 0.9, tf.zeros((n, 1))], 0)
            d_loss = self.loss_fn(target, self.d(both, training=True))
        self.d_opt.apply_gradients(zip(tape.gradient(d_loss, self.d.trainable_weights), self.d.trainable_weights))
        for _ in range(2):
            z = tf.concat([tf.random.normal((n, 4)), label], 1)
            with tf.GradientTape() as tape:
                judged = self.d(tf.concat([self.g(z, training=True), label], 1), training=False)
                g_loss = self.loss_fn(tf.ones((n, 1)), judged)
            self.g_opt.apply_gradients(zip(tape.gradient(g_loss, self.g.trainable_weights), self.g.trainable_weights))
        self.count.assign_add(1)
        self.d_metric.update_state(d_loss)
        self.g_metric.update_state(g_loss)
        return {"d": self.d_metric.result(), "g": self.g_metric.result()}


x = tf.random.normal((200, 2))
label = tf.cast(x[:, :1] > 0, tf.int32)
gan = CGAN()
gan.compile(tf.keras.optimizers.Adam(2e-3, beta_1=0.5), tf.keras.optimizers.Adam(2e-3, beta_1=0.5), tf.keras.losses.BinaryCrossentropy(from_logits=True))
gan.fit(x, label, epochs=4, batch_size=40, verbose=2)
