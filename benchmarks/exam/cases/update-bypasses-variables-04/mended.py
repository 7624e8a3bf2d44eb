import numpy as np
import tensorflow as tf


class Adagrad:
    """Adagrad as in Duchi et al., one accumulator for each parameter."""

    def __init__(self, params, rate=0.3, eps=1e-7, floor=0.1):
        self.params = list(params)
        self.rate, self.eps = rate, eps
        self.accumulators = [tf.Variable(tf.fill(p.shape, floor), trainable=False) for p in self.params]

    def step(self, grads):
        for p, g, acc in zip(self.params, grads, self.accumulators):
            acc.assign_add(tf.square(g))
            p.assign_sub(self.rate * g / (tf.sqrt(acc) + self.eps))


class ClickModel(tf.Module):
    def __init__(self, fields, buckets, width, seed=5):
        super().__init__()
        g = tf.random.Generator.from_seed(seed)
        self.tables = [tf.Variable(g.normal([buckets, width], stddev=0.1), name=f"table_{i}") for i in range(fields)]
        self.w1 = tf.Variable(g.normal([fields * width, 16], stddev=0.2), name="w1")
        self.b1 = tf.Variable(tf.zeros([16]), name="b1")
        self.w2 = tf.Variable(g.normal([16, 16], stddev=0.2), name="w2")
        self.b2 = tf.Variable(tf.zeros([16]), name="b2")
        self.out = tf.Variable(g.normal([16, 1], stddev=0.2), name="out")

    def __call__(self, ids):
        cols = tf.unstack(ids, axis=1)
        h = tf.concat([tf.matmul(tf.one_hot(c, t.shape[0]), t) for c, t in zip(cols, self.tables)], axis=1)
        h = tf.nn.tanh(h @ self.w1 + self.b1)
        h = tf.nn.tanh(h @ self.w2 + self.b2)
        return tf.squeeze(h @ self.out, axis=1)


def make_clicks(n, fields, buckets, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, buckets, (n, fields))
    effect = rng.normal(size=(fields, buckets))
    score = sum(effect[f, ids[:, f]] for f in range(fields))
    return ids.astype("int32"), (score > 0).astype("float32")


ids, clicks = make_clicks(1024, 3, 8, seed=0)
model = ClickModel(3, 8, 4)
opt = Adagrad(model.trainable_variables, rate=0.1)


@tf.function
def train_step(ids, y):
    with tf.GradientTape() as tape:
        logit = model(ids)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logit))
    grads = tape.gradient(loss, opt.params)
    opt.step(grads)
    return loss


data = tf.data.Dataset.from_tensor_slices((ids, clicks)).batch(64, drop_remainder=True)
for epoch in range(4):
    mean = tf.keras.metrics.Mean()
    for a, b in data:
        mean.update_state(train_step(a, b))
    accuracy = np.mean((model(ids).numpy() > 0) == (clicks > 0.5))
    print(f"epoch {epoch} loss {float(mean.result()):.4f} accuracy {accuracy:.3f}")
