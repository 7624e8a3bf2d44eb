import collections
import random

import numpy as np
import tensorflow as tf

random.seed(5)
tf.keras.utils.set_random_seed(5)
STATES, ACTIONS, TAU, GAMMA = 4, 3, 0.05, 0.9


def q_network():
    return tf.keras.Sequential([
        tf.keras.Input((STATES,)),
        tf.keras.layers.Dense(24, activation="relu"),
        tf.keras.layers.Dense(24, activation="relu"),
        tf.keras.layers.Dense(ACTIONS),
    ])


online = q_network()
target = q_network()
target.set_weights(online.get_weights())
optimizer = tf.keras.optimizers.Adam(2e-3)
memory = collections.deque(maxlen=500)


def world(state, action):
    nxt = np.roll(state, 1) * 0.8 + 0.1 * (action - 1)
    return nxt.astype("float32"), float(nxt[0] - nxt[2])


def follow(tau):
    for slow, fast in zip(target.trainable_variables, online.trainable_variables):
        fast.assign(tau * fast + (1.0 - tau) * slow)


@tf.function
def update(s, a, r, n):
    best = tf.reduce_max(target(n), axis=1)
    wanted = r + GAMMA * best
    with tf.GradientTape() as tape:
        q = tf.reduce_sum(online(s) * tf.one_hot(a, ACTIONS), axis=1)
        loss = tf.reduce_mean(tf.keras.losses.huber(wanted[:, None], q[:, None]))
    grads = tape.gradient(loss, online.trainable_variables)
    optimizer.apply_gradients(zip(grads, online.trainable_variables))
    return loss


state = np.ones(STATES, "float32")
for step in range(60):
    action = random.randrange(ACTIONS) if step % 3 else int(np.argmax(online(state[None]).numpy()))
    nxt, reward = world(state, action)
    memory.append((state, action, reward, nxt))
    state = nxt if step % 10 else np.random.randn(STATES).astype("float32")
    if len(memory) >= 16:
        s, a, r, n = zip(*random.sample(list(memory), 16))
        loss = update(tf.constant(np.stack(s)), tf.constant(a), tf.constant(r, tf.float32), tf.constant(np.stack(n)))
        follow(TAU)
        if step % 10 == 0:
            print(step, float(loss))
