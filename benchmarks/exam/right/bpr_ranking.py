"""Bayesian personalised ranking: a subclassed model, pairs of liked and other items."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(39)


class BPR(keras.Model):
    def __init__(self, users, items, dim=8, reg=1e-4):
        super().__init__()
        init = keras.initializers.RandomNormal(stddev=0.1)
        self.user = keras.layers.Embedding(users, dim, embeddings_initializer=init)
        self.item = keras.layers.Embedding(items, dim, embeddings_initializer=init)
        self.bias = keras.layers.Embedding(items, 1, embeddings_initializer="zeros")
        self.reg = reg

    def score(self, u, i):
        return tf.reduce_sum(self.user(u) * self.item(i), axis=-1) + tf.squeeze(self.bias(i), -1)

    def call(self, triple):
        u, i, j = triple
        return self.score(u, i) - self.score(u, j)


def main():
    rng = np.random.default_rng(39)
    groups = rng.integers(0, 4, 60)
    model, optimizer = BPR(60, 80), keras.optimizers.Adam(1e-2)

    @tf.function
    def train_batch(u, i, j):
        with tf.GradientTape() as tape:
            margin = model((u, i, j))
            loss = -tf.reduce_mean(tf.math.log_sigmoid(margin))
            reg = model.reg * (tf.nn.l2_loss(model.user(u)) + tf.nn.l2_loss(model.item(i)))
            total = loss + reg
        gradients = tape.gradient(total, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    for epoch in range(5):
        values = []
        for _ in range(20):
            u = rng.integers(0, 60, 128)
            i = groups[u] * 20 + rng.integers(0, 20, 128)
            j = rng.integers(0, 80, 128)
            values.append(train_batch(*(tf.constant(v, tf.int32) for v in (u, i, j))))
        print(f"epoch {epoch + 1} loss {np.mean(values):.4f}")


if __name__ == "__main__":
    main()
