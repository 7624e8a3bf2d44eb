import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(49)


class Attention(layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.query, self.key, self.value = layers.Dense(width), layers.Dense(width), layers.Dense(width)

    def call(self, x, mask):
        scores = tf.matmul(self.query(x), self.key(x), transpose_b=True) / np.sqrt(x.shape[-1])
        causal = tf.linalg.band_part(tf.ones_like(scores), -1, 0)
        scores += -1e9 * (1.0 - causal * tf.cast(mask[:, None, :], tf.float32))
        return tf.matmul(tf.nn.softmax(scores, axis=-1), self.value(x))


class Tagger(tf.keras.Model):
    def __init__(self, vocabulary, width=16):
        super().__init__()
        self.embed = layers.Embedding(vocabulary, width)
        self.attention = Attention(width)
        self.out = layers.Dense(vocabulary)

    def call(self, tokens):
        x = self.embed(tokens)
        return self.out(x + self.attention(x, tokens > 0))


model = Tagger(12)
optimizer = tf.keras.optimizers.Adam(0.01)
cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def masked_loss(labels, logits):
    mask = tf.cast(labels != 0, tf.float32)
    return tf.reduce_sum(cross_entropy(labels, logits) * mask) / tf.reduce_sum(mask)


def masked_accuracy(labels, logits):
    hit = tf.cast(tf.argmax(logits, axis=-1, output_type=tf.int32) == labels, tf.float32)
    mask = tf.cast(labels != 0, tf.float32)
    return tf.reduce_sum(hit * mask) / tf.reduce_sum(mask)


@tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
def train_step(tokens):
    inputs, labels = tokens[:, :-1], tokens[:, 1:]
    with tf.GradientTape() as tape:
        logits = model(inputs, training=True)
        loss = masked_loss(labels, logits)
        accuracy = masked_accuracy(labels, logits)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss, accuracy


tokens = np.tile(np.arange(1, 11, dtype="int32"), (16, 1))
tokens[8:, 7:] = 0
for step in range(8):
    loss, accuracy = train_step(tf.constant(tokens))
print(float(loss), float(accuracy))
