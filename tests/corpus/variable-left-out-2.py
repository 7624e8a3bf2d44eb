import tensorflow as tf

tf.keras.utils.set_random_seed(142)
mean_net = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(12, activation="relu"), tf.keras.layers.Dense(1)])
log_sigma = tf.Variable(0.0, name="log_sigma")
optimizer = tf.keras.optimizers.Adam(0.02)


def negative_log_likelihood(y, mean):
    return tf.reduce_mean(log_sigma + 0.5 * tf.square((y - mean) * tf.exp(-log_sigma)))


class Fitter:
    def __init__(self, net, optimizer):
        self.net, self.optimizer = net, optimizer

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            nll = negative_log_likelihood(y, self.net(x, training=True))
        gradients = tape.gradient(nll, self.net.trainable_weights)
        gradients, _ = tf.clip_by_global_norm(gradients, 10.0)
        self.optimizer.apply_gradients(zip(gradients, self.net.trainable_weights))
        return nll


x = tf.random.normal((100, 2))
y = x[:, :1] * 0.5 + 0.1 * tf.random.normal((100, 1))
fitter = Fitter(mean_net, optimizer)
for epoch in range(25):
    nll = fitter.step(x, y)
print(float(nll), float(tf.exp(log_sigma)))
