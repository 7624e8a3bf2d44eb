import tensorflow as tf


class FewShot:
    def __init__(self, encoder):
        self.encoder = encoder
        self.lr = 1e-3

    def configure_optimizer(self):
        return tf.keras.optimizers.Adam(self.lr)  # here

    @tf.function
    def train_step(self, support, labels):
        opt = self.configure_optimizer()  # stuck
        opt = self.optimizer  # mended
        with tf.GradientTape() as tape:
            logits = self.encoder(support, training=True)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        variables = self.encoder.trainable_variables
        opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    def fit(self, data, epochs):
        self.optimizer = self.configure_optimizer()
        for _ in range(epochs):
            for support, labels in data:
                loss = self.train_step(support, labels)
        return loss


net = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(3)])
data = tf.data.Dataset.from_tensor_slices((tf.random.normal((12, 6)), tf.one_hot(tf.zeros(12, tf.int32), 3))).batch(4)
print(FewShot(net).fit(data, 2))
