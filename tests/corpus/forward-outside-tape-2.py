import tensorflow as tf

tf.keras.utils.set_random_seed(108)


class Trainer:
    def __init__(self):
        self.model = tf.keras.Sequential([tf.keras.layers.Dense(12, activation="tanh"), tf.keras.layers.Dense(2)])
        self.optimizer = tf.keras.optimizers.RMSprop(0.01)

    def loss(self, x, y):
        return tf.reduce_mean(tf.square(y - self.model(x, training=True)))

    def optimise(self, loss):
        with tf.GradientTape() as tape:
            tape.watch(loss)
            scaled = 0.5 * loss
        grads = tape.gradient(scaled, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))

    @tf.function
    def train_step(self, x, y):
        loss = self.loss(x, y)
        self.optimise(loss)
        return loss


trainer = Trainer()
x = tf.random.normal((40, 3))
for epoch in range(3):
    print(trainer.train_step(x, x[:, 1:]))
