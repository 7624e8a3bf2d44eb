"""Two towers, a learned temperature, and a moving average, as a tf.Module."""

import numpy as np
import tensorflow as tf


class Linear(tf.Module):
    def __init__(self, wide, out, name=None):
        super().__init__(name=name)
        with self.name_scope:
            self.w = tf.Variable(tf.random.normal((wide, out), stddev=wide**-0.5), name="w")
            self.b = tf.Variable(tf.zeros((out,)), name="b")

    def __call__(self, x):
        return tf.linalg.matmul(x, self.w) + self.b


class Tower(tf.Module):
    def __init__(self, wide, out, name=None):
        super().__init__(name=name)
        self.parts = [Linear(wide, 16), Linear(16, out)]

    def __call__(self, x):
        for part in self.parts[:-1]:
            x = tf.nn.relu(part(x))
        return tf.math.l2_normalize(self.parts[-1](x), axis=-1)


class Clip(tf.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = Tower(5, 4), Tower(7, 4)
        self.log_scale = tf.Variable(1.0, name="log_scale")

    def loss(self, a, b):
        scores = tf.exp(self.log_scale) * tf.matmul(self.left(a), self.right(b), transpose_b=True)
        diagonal = tf.range(tf.shape(scores)[0])
        rows = tf.nn.sparse_softmax_cross_entropy_with_logits(diagonal, scores)
        columns = tf.nn.sparse_softmax_cross_entropy_with_logits(diagonal, tf.transpose(scores))
        return tf.reduce_mean(rows + columns) / 2.0


class Average:
    def __init__(self, module, decay=0.9):
        self.decay = decay
        self.pairs = [(v, tf.Variable(v, trainable=False)) for v in module.trainable_variables]

    def update(self):
        for live, slow in self.pairs:
            slow.assign(self.decay * slow + (1 - self.decay) * live)


clip = Clip()
average = Average(clip)
sgd = tf.keras.optimizers.SGD(0.05, momentum=0.9)
rng = np.random.default_rng(4)
a = rng.normal(size=(32, 5)).astype("float32")
b = np.concatenate([a, a[:, :2]], axis=1)


@tf.function
def update(a, b):
    with tf.GradientTape() as tape:
        loss = clip.loss(a, b)
    weights = clip.trainable_variables
    grads = [tf.clip_by_norm(g, 1.0) for g in tape.gradient(loss, weights)]
    sgd.apply_gradients(zip(grads, weights))
    return loss


for step in range(20):
    loss = update(a, b)
    average.update()
    if step % 5 == 0:
        tf.print(step, loss)
