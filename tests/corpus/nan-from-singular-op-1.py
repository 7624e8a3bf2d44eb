import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(11)


class Embedder(keras.Model):
    def __init__(self):
        super().__init__()
        self.net = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(4)])

    def call(self, x):
        return self.net(x)

    def train_step(self, data):
        x, labels = data
        with tf.GradientTape() as tape:
            z = self(x, training=True)
            difference = z[:, None, :] - z[None, :, :]
            distances = tf.sqrt(tf.reduce_sum(difference**2, axis=-1))
            same = tf.cast(labels[:, None] == labels[None, :], tf.float32)
            loss = tf.reduce_mean(same * distances + (1 - same) * tf.nn.relu(1.0 - distances))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"loss": loss}


x = tf.random.normal((96, 6))
labels = tf.cast(x[:, 0] > 0, tf.int32)
model = Embedder()
model.compile(optimizer=keras.optimizers.Adam(0.01))
model.fit(x, labels, batch_size=24, epochs=4, verbose=2)
print(model.net(x[:2]).numpy())
