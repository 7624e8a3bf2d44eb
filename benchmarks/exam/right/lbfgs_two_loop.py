"""L-BFGS by hand: curvature pairs in Python lists, Armijo backtracking, eager code."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(24)
w1 = tf.Variable(tf.random.normal((2, 12), stddev=0.5))
b1 = tf.Variable(tf.zeros((12,)))
w2 = tf.Variable(tf.random.normal((12, 1), stddev=0.3))
params = [w1, b1, w2]
sizes = [int(np.prod(p.shape)) for p in params]

x = tf.random.uniform((100, 2), -1, 1)
y = tf.sin(3 * x[:, :1]) + x[:, 1:] ** 2


def pack(tensors):
    return tf.concat([tf.reshape(t, [-1]) for t in tensors], 0)


def unpack(flat):
    for p, piece in zip(params, tf.split(flat, sizes)):
        p.assign(tf.reshape(piece, p.shape))


@tf.function
def value_and_grad():
    with tf.GradientTape() as tape:
        pred = tf.tanh(x @ w1 + b1) @ w2
        loss = tf.reduce_mean(tf.square(pred - y)) + 1e-4 * tf.nn.l2_loss(w2)
    return loss, tape.gradient(loss, params)


def direction(grad, pairs):
    q, stack = grad, []
    for s, t in reversed(pairs):
        rho = 1.0 / tf.tensordot(t, s, 1)
        a = rho * tf.tensordot(s, q, 1)
        stack.append((rho, a, s, t))
        q = q - a * t
    if pairs:
        s, t = pairs[-1]
        q = q * tf.tensordot(s, t, 1) / tf.tensordot(t, t, 1)
    for rho, a, s, t in reversed(stack):
        q = q + s * (a - rho * tf.tensordot(t, q, 1))
    return -q


pairs = []
loss, grads = value_and_grad()
g = pack(grads)
print("start loss", float(loss))
for it in range(40):
    d = direction(g, pairs)
    here = pack(params)
    step, slope = 1.0, float(tf.tensordot(g, d, 1))
    while True:
        unpack(here + step * d)
        new_loss, grads = value_and_grad()
        if float(new_loss) <= float(loss) + 1e-4 * step * slope or step < 1e-6:
            break
        step *= 0.5
    new_g = pack(grads)
    s, t = pack(params) - here, new_g - g
    if float(tf.tensordot(s, t, 1)) > 1e-10:
        pairs = (pairs + [(s, t)])[-8:]
    g, loss = new_g, new_loss
print("end loss", float(loss))
