import tensorflow as tf

tf.keras.utils.set_random_seed(103)


class Forecaster(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.rnn = tf.keras.layers.GRU(8)
        self.dense = tf.keras.layers.Dense(1)

    def call(self, x):
        return self.dense(self.rnn(x))


class Experiment:
    def __init__(self, model, rate):
        self.model = model
        self.params = model.trainable_variables
        self.optimizer = tf.keras.optimizers.Adam(rate)

    def update(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(self.model(x) - y))
        grads = tape.gradient(loss, self.params)
        self.optimizer.apply_gradients(zip(grads, self.params))
        return loss


wave = tf.sin(tf.range(0.0, 40.0, 0.25))
windows = tf.signal.frame(wave, 11, 1)
experiment = Experiment(Forecaster(), 0.01)
for epoch in range(8):
    loss = experiment.update(windows[:, :10, None], windows[:, 10:])
    print("epoch", epoch, "mae", float(loss))
