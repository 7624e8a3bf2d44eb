import numpy as np
import tensorflow as tf


class SkipGram(tf.Module):
    def __init__(self, vocabulary, dim):
        super().__init__()
        self.inner = tf.Variable(tf.random.uniform([vocabulary, dim], -0.5, 0.5), name="inner")
        self.outer = tf.Variable(tf.random.uniform([vocabulary, dim], -0.5, 0.5), name="outer")

    def loss(self, centre, context, label):
        a = tf.nn.embedding_lookup(self.inner, centre)
        b = tf.gather(self.outer, context)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(label, tf.reduce_sum(a * b, axis=1)))


class Decayed:
    def __init__(self, rate):
        self.rate = rate

    def update(self, variables, grads):
        for v, g in zip(variables, grads):
            g = tf.convert_to_tensor(g)
            v.assign_sub(self.rate * g)


tf.random.set_seed(47)
model, rule = SkipGram(25, 6), Decayed(2.0)


@tf.function
def train_step(centre, context, label):
    with tf.GradientTape() as tape:
        loss = model.loss(centre, context, label)
    variables = model.trainable_variables
    rule.update(variables, tape.gradient(loss, variables))
    return loss


rng = np.random.default_rng(1)
for step in range(60):
    centre = rng.integers(0, 25, 64)
    context = np.where(rng.random(64) < 0.5, (centre + 1) % 25, rng.integers(0, 25, 64))
    label = (context == (centre + 1) % 25).astype("float32")
    loss = train_step(tf.constant(centre), tf.constant(context), tf.constant(label))
    if step % 20 == 0:
        print(step, float(loss))
