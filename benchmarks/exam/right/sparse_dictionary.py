"""Dictionary learning: ISTA for the codes, projected gradient steps for the atoms."""
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(76)
atoms = rng.normal(size=(10, 16))
codes = rng.normal(size=(200, 10)) * (rng.uniform(size=(200, 10)) < 0.2)
X = tf.constant(codes @ atoms, tf.float32)
D = tf.Variable(tf.math.l2_normalize(tf.constant(rng.normal(size=(10, 16)), tf.float32), axis=1))


def ista(dictionary, iterations=30, lam=0.1):
    lipschitz = tf.reduce_max(tf.linalg.svd(dictionary, compute_uv=False)) ** 2
    Z = tf.zeros((200, 10))
    for _ in range(iterations):
        Z = Z - (Z @ dictionary - X) @ tf.transpose(dictionary) / lipschitz
        Z = tf.sign(Z) * tf.nn.relu(tf.abs(Z) - lam / lipschitz)
    return Z


@tf.function
def dictionary_step():
    Z = ista(D)
    with tf.GradientTape() as tape:
        error = tf.reduce_sum((X - Z @ D) ** 2) / 200.0
    gradient = tape.gradient(error, D)
    D.assign_sub(0.2 * gradient)
    D.assign(D / tf.maximum(tf.norm(D, axis=1, keepdims=True), 1.0))
    return error


for i in range(80):
    error = dictionary_step()
    if i % 26 == 0:
        print("loss", float(error))
