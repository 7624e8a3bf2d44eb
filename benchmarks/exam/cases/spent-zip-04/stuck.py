import logging

import numpy as np
import tensorflow as tf
from tensorflow import keras

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("ranking")


def clipped_pairs(grads, variables, limit):
    for grad, variable in zip(grads, variables):
        yield tf.clip_by_norm(grad, limit), variable


def describe(pairs):
    norms = {variable.name: float(tf.norm(grad)) for grad, variable in pairs}
    log.info("largest gradient %s", max(norms, key=norms.get))


class PairwiseRanker:
    def __init__(self, features):
        self.scorer = keras.Sequential([keras.layers.Input((features,)), keras.layers.Dense(1, name="dense_score")])
        self.optimizer = keras.optimizers.Adagrad(0.1)

    def train_on(self, better, worse):
        with tf.GradientTape() as tape:
            margin = self.scorer(better) - self.scorer(worse)
            loss = tf.reduce_mean(tf.nn.softplus(-margin))
        variables = self.scorer.trainable_variables
        grads = tape.gradient(loss, variables, unconnected_gradients="zero")
        pairs = clipped_pairs(grads, variables, 2.0)
        describe(pairs)
        self.optimizer.apply_gradients(pairs)
        return float(loss)


keras.utils.set_random_seed(13)
items = np.random.randn(300, 5).astype("float32")
quality = items @ np.array([1.0, -2.0, 0.5, 0.0, 0.3], dtype="float32")
ranker = PairwiseRanker(5)
for _ in range(15):
    a, b = np.random.randint(0, 300, (2, 64))
    swap = quality[a] < quality[b]
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    loss = ranker.train_on(items[a], items[b])
print("loss", loss)
