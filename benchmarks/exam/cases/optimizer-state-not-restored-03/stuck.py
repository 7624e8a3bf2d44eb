import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow import keras


class TwoTower(keras.Model):
    def __init__(self, users, items, size=8):
        super().__init__()
        self.users = keras.layers.Embedding(users, size)
        self.items = keras.layers.Embedding(items, size)
        self.user_bias = keras.layers.Embedding(users, 1, embeddings_initializer="zeros")
        self.item_bias = keras.layers.Embedding(items, 1, embeddings_initializer="zeros")

    def call(self, pairs):
        u, i = pairs[:, 0], pairs[:, 1]
        dot = tf.reduce_sum(self.users(u) * self.items(i), axis=-1)
        return dot + tf.squeeze(self.user_bias(u), -1) + tf.squeeze(self.item_bias(i), -1)


def train(model, optimizer, pairs, ratings, rounds):
    @tf.function
    def step(p, r):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(p) - r))
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        return loss

    for k in range(rounds):
        rows = np.random.default_rng(k).choice(len(pairs), 64)
        loss = step(tf.constant(pairs[rows]), tf.constant(ratings[rows]))
    return float(loss)


keras.utils.set_random_seed(14)
rng = np.random.default_rng(14)
pairs = np.stack([rng.integers(0, 30, 600), rng.integers(0, 20, 600)], 1).astype("int32")
ratings = np.sin(pairs[:, 0] * 0.5 + pairs[:, 1]).astype("float32")
model, optimizer = TwoTower(30, 20), keras.optimizers.Adam(0.01)
model(pairs[:1])
optimizer.build(model.trainable_variables)
print("first half", train(model, optimizer, pairs, ratings, 20))
folder = tempfile.mkdtemp()
saved = tf.train.Checkpoint(model=model, optimizer=optimizer).save(os.path.join(folder, "halfway"))

again, fresh = TwoTower(30, 20), keras.optimizers.Adam(0.01)
again(pairs[:1])
fresh.build(again.trainable_variables)
tf.train.Checkpoint(model=again).restore(saved).expect_partial()
print("second half", train(again, fresh, pairs, ratings, 20))
