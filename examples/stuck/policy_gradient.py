"""REINFORCE with a baseline; the policy stays as clever as chance.

Shapes fit, by broadcasting. Ask gradproof which ones:

    gradproof run examples/stuck/policy_gradient.py
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(11)
ARMS, FEATURES = 4, 6
random = np.random.default_rng(11)

policy = keras.Sequential(
    [
        keras.layers.Input((FEATURES,)),
        keras.layers.Dense(24, activation="tanh"),
        keras.layers.Dense(ARMS),
    ]
)
optimizer = keras.optimizers.Adam(1e-2)
optimizer.build(policy.trainable_variables)


@tf.function
def step(visitors, shown, advantages):
    with tf.GradientTape() as tape:
        log_chances = tf.nn.log_softmax(policy(visitors, training=True))
        log_chance = tf.gather(log_chances, shown, axis=1, batch_dims=1)
        entropy = -tf.reduce_sum(tf.exp(log_chances) * log_chances, axis=1)
        loss = -tf.reduce_mean(log_chance * advantages + 0.01 * entropy)
    gradients = tape.gradient(loss, policy.trainable_variables)
    optimizer.apply_gradients(zip(gradients, policy.trainable_variables))
    return loss


# Visitors of a shop, four offers; who likes which is unknown to the policy.
likings = random.normal(size=(FEATURES, ARMS))


def visit(count):
    visitors = random.normal(size=(count, FEATURES)).astype("float32")
    logits = policy(visitors)
    shown = tf.random.categorical(logits, 1, dtype=tf.int32)[:, 0]
    bought = np.argmax(visitors @ likings, axis=1) == shown.numpy()
    return visitors, shown, bought.astype("float32")


baseline, shares = 0.25, []
for number in range(1, 201):
    visitors, shown, rewards = visit(128)
    step(visitors, shown, (rewards - np.float32(baseline))[:, None])
    baseline = 0.9 * baseline + 0.1 * float(rewards.mean())
    shares.append(float(rewards.mean()))
    if number % 50 == 0:
        share = np.mean(shares[-50:])
        print(f"step {number}: {share:.0%} of the offers bought, loss {1 - share:.3f} (the rest)")
