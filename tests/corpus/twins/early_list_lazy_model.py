import tensorflow as tf


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.a = tf.keras.layers.Dense(16, activation="relu")
        self.b = tf.keras.layers.Dense(1)

    def call(self, x):
        return self.b(self.a(x))


class Trainer:
    def __init__(self, model):
        self.model = model
        self.model(tf.zeros((1, 3)))  # mended
        self.params = model.trainable_variables  # here
        self.opt = tf.keras.optimizers.Adam(0.01)

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.model(x) - y))
        self.opt.apply_gradients(zip(tape.gradient(loss, self.params), self.params))
        return loss


t = Trainer(Net())
for _ in range(3):
    t.step(tf.random.normal((8, 3)), tf.random.normal((8, 1)))
