"""A hidden Markov model by its forward algorithm in log space, with tf.scan."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(92)
S, O, T = 3, 4, 30
rng = np.random.default_rng(92)
A = np.full((S, S), 0.1) + 0.7 * np.eye(S)
B = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.05, 0.05, 0.45, 0.45]])
data = np.zeros((40, T), "int32")
for row in data:
    s = rng.integers(S)
    for t in range(T):
        row[t] = rng.choice(O, p=B[s])
        s = rng.choice(S, p=A[s] / A[s].sum())
data = tf.constant(data)

init = tf.Variable(tf.zeros(S), name="init")
trans = tf.Variable(tf.random.normal((S, S)), name="trans")
emit = tf.Variable(tf.random.normal((S, O)), name="emit")
params = [init, trans, emit]
optimizer = tf.keras.optimizers.Adam(0.05)


def log_likelihood(obs):
    log_a = tf.nn.log_softmax(trans, axis=1)
    log_b = tf.transpose(tf.nn.log_softmax(emit, axis=1))
    first = tf.nn.log_softmax(init) + tf.gather(log_b, obs[:, 0])

    def forward(alpha, o):
        return tf.reduce_logsumexp(alpha[:, :, None] + log_a[None], axis=1) + tf.gather(log_b, o)

    alphas = tf.scan(forward, tf.transpose(obs[:, 1:]), initializer=first)
    return tf.reduce_logsumexp(alphas[-1], axis=1)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(log_likelihood(data)) / T
    optimizer.apply_gradients(zip(tape.gradient(loss, params), params))
    return loss


for i in range(60):
    loss = step()
    if i % 19 == 0:
        print("loss", float(loss))
