import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(12)


class Attention(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.query = keras.layers.Dense(units, name="query")
        self.key = keras.layers.Dense(units, name="key")
        self.value = keras.layers.Dense(units, name="value")

    def call(self, inputs):
        scores = tf.matmul(self.query(inputs), self.key(inputs), transpose_b=True)
        weights = tf.nn.softmax(scores / 2.0)
        return tf.matmul(weights, self.value(inputs))


class Tagger(keras.Model):
    def __init__(self):
        super().__init__()
        self.attend = Attention(8, name="attend")
        self.out = keras.layers.Dense(3, name="out")

    def call(self, inputs):
        return self.out(self.attend(inputs))

    def train_step(self, data):
        sequence, tags = data
        with tf.GradientTape() as tape:
            logits = self(sequence, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tags, logits))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"nll": loss}


words = tf.random.normal((160, 6, 8))
tags = tf.argmax(words[:, :, :3] + tf.roll(words[:, :, :3], 1, axis=1), axis=-1)
model = Tagger()
model.compile(optimizer=keras.optimizers.Adam(0.01))
model.fit(words, tags, batch_size=32, epochs=6, verbose=2)
