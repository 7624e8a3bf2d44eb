"""Reinforcement learning: a shared body, an actor head, a critic head.

The advantage is stopped on purpose: the critic is not to learn from the
actor's loss.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(7)
PLACES = 6


class ActorCritic(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = keras.layers.Dense(16, activation="tanh", name="body")
        self.actor = keras.layers.Dense(2, name="actor")
        self.critic = keras.layers.Dense(1, name="critic")

    def call(self, state):
        hidden = self.body(state)
        return self.actor(hidden), self.critic(hidden)[:, 0]


def episode(model, random):
    """Walk left or right until the last place, where the reward is."""
    place, states, actions, rewards = 0, [], [], []
    while place < PLACES - 1 and len(states) < 30:
        state = np.eye(PLACES, dtype="float32")[place]
        logits, _ = model(state[None])
        chance = tf.nn.softmax(logits)[0].numpy().astype("float64")
        action = int(random.choice(2, p=chance / chance.sum()))
        place = max(place + (1 if action else -1), 0)
        states.append(state)
        actions.append(action)
        rewards.append(1.0 if place == PLACES - 1 else -0.05)
    return np.array(states), np.array(actions, dtype="int32"), rewards


def returns_of(rewards, discount=0.97):
    total, returns = 0.0, []
    for reward in reversed(rewards):
        total = reward + discount * total
        returns.append(total)
    return np.array(returns[::-1], dtype="float32")


model = ActorCritic()
optimizer = keras.optimizers.Adam(1e-2)
random = np.random.default_rng(7)
lengths = []
for number in range(60):
    states, actions, rewards = episode(model, random)
    returns = returns_of(rewards)
    with tf.GradientTape() as tape:
        logits, values = model(tf.constant(states))
        advantage = tf.stop_gradient(returns - values)
        taken = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)
        actor_loss = tf.reduce_mean(taken * advantage)
        critic_loss = tf.reduce_mean(tf.square(returns - values))
        loss = actor_loss + 0.5 * critic_loss
    gradients = tape.gradient(loss, model.trainable_variables)
    gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    lengths.append(len(rewards))
    if number % 20 == 19:
        print(f"episode {number + 1}: {np.mean(lengths[-20:]):.1f} steps to the goal")
