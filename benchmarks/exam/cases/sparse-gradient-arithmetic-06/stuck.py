import numpy as np
import tensorflow as tf
from tensorflow import keras


class Recommender(tf.Module):
    def __init__(self, users, items, width):
        super().__init__(name="recommender")
        start = tf.random_normal_initializer(stddev=0.1, seed=4)
        self.users = tf.Variable(start((users, width)), name="users")
        self.items = tf.Variable(start((items, width)), name="items")
        self.level = tf.Variable(0.0, name="level")

    def __call__(self, user, item):
        match = tf.nn.embedding_lookup(self.users, user) * tf.nn.embedding_lookup(self.items, item)
        return self.level + tf.reduce_sum(match, axis=1)


def gradients_of(model, batch):
    user, item, rating = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(user, item) - rating))
    return loss, tape.gradient(loss, model.trainable_variables)


def mean(parts):
    return [sum(part) / len(part) for part in zip(*parts)]


def micro(batch, parts):
    return zip(*(np.array_split(column, parts) for column in batch))


rng = np.random.default_rng(4)
left, right = rng.normal(size=(30, 3)), rng.normal(size=(50, 3))
user, item = rng.integers(0, 30, 1200), rng.integers(0, 50, 1200)
rating = (3 + np.sum(left[user] * right[item], axis=1)).astype("float32")
model = Recommender(30, 50, 3)
adam = keras.optimizers.Adam(0.05)
for epoch in range(4):
    for low in range(0, 1200, 200):
        batch = tuple(column[low:low + 200] for column in (user, item, rating))
        losses, parts = zip(*(gradients_of(model, piece) for piece in micro(batch, 2)))
        adam.apply_gradients(zip(mean(parts), model.trainable_variables))
    print("epoch", epoch, "loss", np.mean(losses))
