import tensorflow as tf

tf.keras.utils.set_random_seed(136)


class Siamese(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.online = tf.keras.layers.Dense(6, name="online")
        self.projector = tf.keras.layers.Dense(6, name="projector")

    def call(self, x):
        return self.projector(tf.nn.relu(self.online(x)))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
        sources = self.online.trainable_variables + self.projector.trainable_variables
        grads = tape.gradient(loss, sources)
        destinations = self.projector.trainable_variables + self.online.trainable_variables
        self.optimizer.apply_gradients(zip(grads, destinations))
        return {"loss_value": loss}


x = tf.random.normal((64, 6))
y = tf.roll(x, 1, axis=1)
model = Siamese()
model.compile(optimizer=tf.keras.optimizers.SGD(0.05))
model.fit(x, y, epochs=3, batch_size=16, verbose=2)
