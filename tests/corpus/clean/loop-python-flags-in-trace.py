import tensorflow as tf

tf.keras.utils.set_random_seed(56)
BETA = 0.5
USE_AUXILIARY = True


class Annealed:
    def __init__(self):
        self.model = tf.keras.Sequential([tf.keras.layers.Dense(6, activation="tanh"), tf.keras.layers.Dense(2)])
        self.optimizer = tf.keras.optimizers.Adam(0.01)
        self.weight = tf.Variable(0.0, trainable=False)
        self.epoch = 0
        self.log = []

    @tf.function
    def step(self, x, y, penalty, train_mode=True):
        with tf.GradientTape() as tape:
            output = self.model(x, training=train_mode)
            loss = tf.reduce_mean(tf.square(output - y)) + self.weight * tf.reduce_mean(tf.abs(output)) * BETA
            if USE_AUXILIARY:
                loss += penalty * tf.reduce_mean(tf.square(output))
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables))
        return loss

    def fit(self, x, y, epochs):
        for self.epoch in range(epochs):
            self.weight.assign(self.epoch / epochs)
            if self.epoch == 3:
                self.optimizer.learning_rate = 0.001
            self.log.append(float(self.step(x, y, tf.constant(0.01 * self.epoch))))


x = tf.random.normal((32, 3))
trainer = Annealed()
trainer.fit(x, x[:, :2], 6)
print(trainer.log)
