"""A recurrent tagger on tf-keras with mixed precision and a checkpoint."""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tf_keras as keras

keras.mixed_precision.set_global_policy("mixed_float16")


class Tagger(keras.Model):
    def __init__(self, words, tags):
        super().__init__()
        self.embedding = keras.layers.Embedding(words, 8, mask_zero=True)
        self.rnn = keras.layers.LSTM(12, return_sequences=True)
        self.dropout = keras.layers.Dropout(0.3)
        self.tags = keras.layers.Dense(tags, dtype="float32")
        self.weight = tf.Variable(1.0, name="weight")

    def call(self, tokens, training=None):
        hidden = self.rnn(self.embedding(tokens))
        return self.tags(self.dropout(hidden, training=training)) * self.weight


tagger = Tagger(30, 4)
optimizer = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.Adam(5e-3))
cross_entropy = keras.losses.SparseCategoricalCrossentropy(
    from_logits=True, reduction=keras.losses.Reduction.NONE
)


@tf.function
def step(tokens, tags):
    mask = tf.cast(tokens != 0, tf.float32)
    with tf.GradientTape() as tape:
        logits = tagger(tokens, training=True)
        each = cross_entropy(tags, logits) * mask
        loss = tf.reduce_sum(each) / tf.reduce_sum(mask)
        scaled = optimizer.get_scaled_loss(loss)
    grads = optimizer.get_unscaled_gradients(tape.gradient(scaled, tagger.trainable_variables))
    optimizer.apply_gradients(zip(grads, tagger.trainable_variables))
    return loss


rng = np.random.default_rng(3)
tokens = rng.integers(0, 30, (16, 6)).astype("int32")
tags = tokens % 4
for number in range(6):
    print(number, float(step(tokens, tags)))
