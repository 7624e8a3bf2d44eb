import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(52)
states = np.random.randn(300, 4).astype("float32")
expert = (states @ np.array([[1.0], [-2.0], [0.5], [0.0]], "float32") > 0).astype("int32")[:, 0]


def transitions(batch_size):
    idx = np.random.permutation(len(states))
    for k in range(len(states) // batch_size):
        rows = idx[k * batch_size:(k + 1) * batch_size]
        yield states[rows], expert[rows]


policy = tf.keras.Sequential([
    tf.keras.layers.Input((4,)),
    tf.keras.layers.Dense(16, activation="relu"),
    tf.keras.layers.Dense(16, activation="relu"),
    tf.keras.layers.Dense(2),
])
opt = tf.keras.optimizers.Adam(1e-3)


def clip_all(grads, limit=1.0):
    return [tf.clip_by_norm(grads[i], limit) for i in range(len(grads))]


for episode in range(4):
    for obs, act in transitions(30):
        with tf.GradientTape() as tape:
            logits = policy(obs, training=True)
            nll = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=act, logits=logits))
        grads = clip_all(tape.gradient(nll, policy.trainable_variables))
        opt.apply_gradients(zip(grads, policy.trainable_variables))
    print(episode, float(nll))
