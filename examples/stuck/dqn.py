"""Q-learning with a target network that is no second network.

The targets run away together with the values. Ask gradproof who copies what:

    gradproof run examples/stuck/dqn.py
"""

import collections

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(10)
PLACES, ACTIONS, DISCOUNT = 8, 2, 0.95
random = np.random.default_rng(10)


def q_network():
    return keras.Sequential(
        [
            keras.layers.Input((PLACES,)),
            keras.layers.Dense(24, activation="relu"),
            keras.layers.Dense(ACTIONS),
        ]
    )


online = q_network()
target = online
optimizer = keras.optimizers.Adam(5e-3)
optimizer.build(online.trainable_variables)
huber = keras.losses.Huber()


@tf.function
def step(states, actions, rewards, ended, following):
    best = tf.reduce_max(target(following), axis=1)
    aims = rewards + DISCOUNT * (1.0 - ended) * best
    with tf.GradientTape() as tape:
        values = tf.gather(online(states, training=True), actions, axis=1, batch_dims=1)
        loss = huber(aims, values)
    gradients = tape.gradient(loss, online.trainable_variables)
    optimizer.apply_gradients(zip(gradients, online.trainable_variables))
    return loss


def walk(place, action):
    """Right along a corridor with a treasure at its end; left goes back."""
    place = min(place + 1, PLACES - 1) if action else max(place - 1, 0)
    return place, (1.0 if place == PLACES - 1 else -0.02), place == PLACES - 1


def batch_of(memory, size=32):
    chosen = [memory[one] for one in random.integers(0, len(memory), size)]
    places, actions, rewards, ended, following = (np.array(one) for one in zip(*chosen))
    seen = np.eye(PLACES, dtype="float32")
    numbers = (actions.astype("int32"), rewards.astype("float32"), ended.astype("float32"))
    return (seen[places], *numbers, seen[following])


memory = collections.deque(maxlen=1000)
lengths, losses = [], []
for episode in range(1, 61):
    place, ended, length = 0, False, 0
    while not ended and length < 60:
        greedy = random.random() > 0.3
        values = online(np.eye(PLACES, dtype="float32")[[place]])
        action = int(np.argmax(values)) if greedy else int(random.integers(ACTIONS))
        before, (place, reward, ended) = place, walk(place, action)
        memory.append((before, action, reward, ended, place))
        length += 1
    for _ in range(8):
        batch = batch_of(memory)
        losses.append(float(step(*batch)))
    if episode % 5 == 0:
        target.set_weights(online.get_weights())
    lengths.append(length)
    if episode % 15 == 0:
        print(
            f"episode {episode}: loss {np.mean(losses[-40:]):.4f},"
            f" {np.mean(lengths[-15:]):.1f} steps to the treasure"
        )
