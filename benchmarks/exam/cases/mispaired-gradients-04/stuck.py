import numpy as np
import tensorflow as tf

rng = np.random.RandomState(0)
text = "the cat sat on the mat and the rat ate the hat. " * 6
letters = sorted(set(text))
codes = np.array([letters.index(c) for c in text], "int32")
V, H, T = len(letters), 20, 12


def start(*shape):
    return tf.Variable(rng.randn(*shape).astype("float32") * 0.2)


params = {"embed": start(V, H), "inner": start(H, H), "lower": start(H, H), "out": start(H, V), "bias": tf.Variable(tf.zeros([V]))}


class Adam:
    """Adam, for a dictionary of variables."""

    def __init__(self, variables, rate=0.02, b1=0.9, b2=0.99):
        self.variables = variables
        self.rate, self.b1, self.b2 = rate, b1, b2
        self.m = {k: tf.Variable(tf.zeros_like(v)) for k, v in variables.items()}
        self.v = {k: tf.Variable(tf.zeros_like(v)) for k, v in variables.items()}
        self.count = tf.Variable(0.0)

    def step(self, grads):
        self.count.assign_add(1.0)
        fix1 = 1.0 - tf.pow(self.b1, self.count)
        fix2 = 1.0 - tf.pow(self.b2, self.count)
        for key, g in grads.items():
            self.m[key].assign(self.b1 * self.m[key] + (1 - self.b1) * g)
            self.v[key].assign(self.b2 * self.v[key] + (1 - self.b2) * tf.square(g))
            change = self.rate * (self.m[key] / fix1) / (tf.sqrt(self.v[key] / fix2) + 1e-7)
            order = {"inner": "lower", "lower": "inner"}
            self.variables[order.get(key, key)].assign_sub(change)


def unroll(tokens):
    h = tf.zeros([tokens.shape[0], H])
    outs = []
    for t in range(T):
        h = tf.tanh(tf.nn.embedding_lookup(params["embed"], tokens[:, t]) @ params["lower"] + h @ params["inner"])
        outs.append(h @ params["out"] + params["bias"])
    return tf.stack(outs, 1)


adam = Adam(params)


@tf.function
def train(tokens, following):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=following, logits=unroll(tokens)))
    grads = tape.gradient(loss, params)
    grads = {k: tf.clip_by_norm(tf.convert_to_tensor(g), 5.0) for k, g in grads.items()}
    adam.step(grads)
    return loss


for i in range(40):
    at = rng.randint(0, len(codes) - T - 1, size=8)
    x = np.stack([codes[a:a + T] for a in at])
    y = np.stack([codes[a + 1:a + T + 1] for a in at])
    loss = train(tf.constant(x), tf.constant(y))
    if i % 8 == 0:
        print(i, float(loss))
