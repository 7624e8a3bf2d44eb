"""A physics-informed network: u'' = -u, with weights in a dict."""

import numpy as np
import tensorflow as tf


def init(sizes, seed=0):
    rng = np.random.default_rng(seed)
    params = {}
    for number, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        scale = np.sqrt(2.0 / (fan_in + fan_out))
        params[f"w{number}"] = tf.Variable(
            rng.normal(0, scale, (fan_in, fan_out)).astype("float32"), name=f"w{number}"
        )
        params[f"b{number}"] = tf.Variable(tf.zeros((fan_out,)), name=f"b{number}")
    return params


def network(params, t):
    hidden = t
    depth = len(params) // 2
    for number in range(depth - 1):
        hidden = tf.tanh(hidden @ params[f"w{number}"] + params[f"b{number}"])
    return hidden @ params[f"w{depth - 1}"] + params[f"b{depth - 1}"]


def residual(params, t):
    with tf.GradientTape() as second:
        second.watch(t)
        with tf.GradientTape() as first:
            first.watch(t)
            u = network(params, t)
        du = first.gradient(u, t)
    ddu = second.gradient(du, t)
    return ddu + u


def loss_of(params, inside, start):
    physics = tf.reduce_mean(tf.square(residual(params, inside)))
    with tf.GradientTape() as tape:
        tape.watch(start)
        u0 = network(params, start)
    v0 = tape.gradient(u0, start)
    return physics + tf.reduce_mean(tf.square(u0 - 1.0)) + tf.reduce_mean(tf.square(v0))


params = init([1, 20, 20, 1])
adam = tf.optimizers.Adam(5e-3)
inside = tf.constant(np.linspace(0.0, 3.0, 40, dtype="float32")[:, None])
start = tf.zeros((1, 1))


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = loss_of(params, inside, start)
    names = sorted(params)
    weights = [params[name] for name in names]
    grads = tape.gradient(loss, weights)
    adam.apply_gradients(zip(grads, weights))
    return loss


for number in range(40):
    value = step()
    if number % 10 == 0:
        print(number, value.numpy())
