"""REINFORCE with a baseline, on a corridor of own making."""

import numpy as np
import tensorflow as tf

tf.random.set_seed(3)


class Corridor:
    def __init__(self, length=6):
        self.length = length

    def reset(self):
        self.at = self.length // 2
        return self.observe()

    def observe(self):
        return np.eye(self.length, dtype="float32")[self.at]

    def step(self, action):
        self.at += 1 if action else -1
        done = self.at in (0, self.length - 1)
        return self.observe(), float(self.at == self.length - 1), done


class Policy(tf.keras.Model):
    def __init__(self, actions):
        super().__init__()
        self.trunk = tf.keras.layers.Dense(24, activation="tanh")
        self.head = tf.keras.layers.Dense(actions)
        self.value = tf.keras.layers.Dense(1)

    def call(self, states):
        hidden = self.trunk(states)
        return self.head(hidden), tf.squeeze(self.value(hidden), axis=-1)


def play(env, policy):
    states, actions, rewards = [], [], []
    state, done = env.reset(), False
    while not done and len(states) < 40:
        logits, _ = policy(state[None])
        action = int(tf.random.categorical(logits, 1)[0, 0])
        states.append(state)
        actions.append(action)
        state, reward, done = env.step(action)
        rewards.append(reward)
    return np.array(states), np.array(actions, dtype="int32"), np.array(rewards, dtype="float32")


def returns(rewards, discount=0.95):
    total, out = 0.0, np.zeros_like(rewards)
    for t in reversed(range(len(rewards))):
        total = rewards[t] + discount * total
        out[t] = total
    return out


env, policy = Corridor(), Policy(2)
adam = tf.keras.optimizers.Adam(0.02)

for episode in range(25):
    states, actions, rewards = play(env, policy)
    goals = returns(rewards)
    with tf.GradientTape() as tape:
        logits, values = policy(states)
        advantage = tf.stop_gradient(goals - values)
        chosen = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)
        actor_loss = tf.reduce_mean(chosen * advantage)
        critic_loss = tf.reduce_mean(tf.square(goals - values))
        entropy = -tf.reduce_mean(tf.reduce_sum(tf.nn.softmax(logits) * tf.nn.log_softmax(logits), -1))
        objective = actor_loss + 0.5 * critic_loss - 0.01 * entropy
    slopes = tape.gradient(objective, policy.trainable_variables)
    adam.apply_gradients(zip(slopes, policy.trainable_variables))
    if episode % 8 == 0:
        print(episode, float(objective))
