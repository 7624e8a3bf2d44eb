"""Parameters in nested dicts; tf.nest maps the update rule over them."""
import tensorflow as tf

tf.random.set_seed(105)


def init(key, n_in, n_out):
    w = tf.random.stateless_normal((n_in, n_out), seed=(105, key)) * (2.0 / n_in) ** 0.5
    return {"w": tf.Variable(w), "b": tf.Variable(tf.zeros((n_out,)))}


params = {"layers": [init(0, 3, 32), init(1, 32, 32)], "head": init(2, 32, 1)}
trace = tf.nest.map_structure(lambda v: tf.Variable(tf.zeros_like(v), trainable=False), params)


def apply(p, x):
    for layer in p["layers"]:
        x = tf.nn.relu(x @ layer["w"] + layer["b"])
    return x @ p["head"]["w"] + p["head"]["b"]


def rule(v, m, g):
    m.assign(0.9 * m + g)
    v.assign_sub(0.003 * m)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((apply(params, x) - y) ** 2)
    flat = tf.nest.flatten(params)
    grads = tape.gradient(loss, flat)
    for v, m, g in zip(flat, tf.nest.flatten(trace), grads):
        rule(v, m, g)
    return loss


for i in range(150):
    x = tf.random.normal((64, 3))
    loss = step(x, tf.reduce_sum(x**2, axis=1, keepdims=True))
    if i % 49 == 0:
        print("loss", float(loss))
