"""Two-tower retrieval with in-batch negatives; own bag-of-words features from ragged tokens."""
import abc
import argparse
import enum
import typing as tp

import numpy as np
import tensorflow as tf


class Side(enum.Enum):
    QUERY = "query"
    ITEM = "item"


class Tower(tf.keras.Model, abc.ABC):
    def __init__(self, side: Side, width: int):
        super().__init__(name=side.value)
        self.project = tf.keras.layers.Dense(width, name="project")

    @abc.abstractmethod
    def features(self, inputs):
        """Dense features of a batch."""

    def call(self, inputs):
        return tf.math.l2_normalize(self.project(self.features(inputs)), axis=-1)


class QueryTower(Tower):
    def __init__(self, words, width):
        super().__init__(Side.QUERY, width)
        init = tf.keras.initializers.GlorotNormal(seed=1)
        self.table = init((words, width))

    def features(self, inputs):
        flat = tf.gather(self.table, inputs.flat_values)
        return tf.math.divide_no_nan(tf.math.segment_sum(flat, inputs.value_rowids()),
                                     tf.cast(inputs.row_lengths(), tf.float32)[:, None])


class ItemTower(Tower):
    def __init__(self, items, width):
        super().__init__(Side.ITEM, width)
        self.table = self.add_weight(name="items", shape=(items, width), initializer="glorot_normal")
        self.popularity = self.add_weight(name="popularity", shape=(items,), initializer="zeros")

    def features(self, inputs):
        return tf.gather(self.table, inputs)


class Retrieval:
    def __init__(self, query: QueryTower, item: ItemTower, temperature=0.1):
        self.query, self.item = query, item
        self.log_temperature = tf.Variable(np.log(temperature), dtype=tf.float32, name="log_temperature")

    def parameters(self) -> tp.List[tf.Variable]:
        return [*self.query.trainable_variables, *self.item.trainable_variables, self.log_temperature]

    def loss(self, words, items):
        q, v = self.query(words), self.item(items)
        logits = tf.matmul(q, v, transpose_b=True) * tf.exp(-self.log_temperature)
        logits += tf.gather(self.item.popularity, items)[None, :]
        same = tf.cast(items[:, None] == items[None, :], tf.float32)
        target = same / tf.reduce_sum(same, axis=1, keepdims=True)
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=target, logits=logits))


def interactions(n_items, n_words, size, seed):
    rng = np.random.default_rng(seed)
    for _ in range(size):
        item = int(rng.integers(n_items))
        count = int(rng.integers(1, 5))
        yield [(item * 3 + int(k)) % n_words for k in rng.integers(0, 3, count)], item


def batches(args):
    rows = list(interactions(args.items, args.words, args.size, args.seed))
    for i in range(0, len(rows), args.batch):
        words, items = zip(*rows[i:i + args.batch])
        yield tf.ragged.constant(words, dtype=tf.int64), tf.constant(items, tf.int64)


def train(args):
    tf.keras.utils.set_random_seed(args.seed)
    task = Retrieval(QueryTower(args.words, args.width), ItemTower(args.items, args.width))
    optimizer = tf.keras.optimizers.Adagrad(args.rate)
    for epoch in range(args.epochs):
        seen = []
        for words, items in batches(args):
            with tf.GradientTape() as tape:
                loss = task.loss(words, items)
            params = task.parameters()
            grads = tape.gradient(loss, params)
            optimizer.apply_gradients(zip(grads, params))
            seen.append(loss.numpy())
        print(f"epoch {epoch} loss {np.mean(seen):.3f} temperature {float(tf.exp(task.log_temperature)):.3f}")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    for name, kind, default in (("items", int, 20), ("words", int, 60), ("width", int, 12), ("size", int, 256),
                                ("batch", int, 32), ("epochs", int, 2), ("seed", int, 6), ("rate", float, 0.1)):
        p.add_argument(f"--{name}", type=kind, default=default)
    train(p.parse_args())
