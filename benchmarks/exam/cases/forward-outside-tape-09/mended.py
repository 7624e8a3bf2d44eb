import numpy as np
import tensorflow as tf
from tensorflow import keras


class Walk:
    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.pos = self.rng.integers(-2, 3)
        return np.float32([self.pos, abs(self.pos)])

    def step(self, action):
        self.pos += 1 if action else -1
        return np.float32([self.pos, abs(self.pos)]), -float(abs(self.pos)), abs(self.pos) > 5


class Agent:
    def __init__(self, lr=0.02):
        self.policy = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2, name="policy")])
        self.optimizer = keras.optimizers.Adam(lr)
        self.log_probs, self.rewards = [], []
        self.states, self.actions = [], []

    def act(self, state):
        logits = self.policy(state[None])
        action = int(tf.random.categorical(logits, 1)[0, 0])
        self.states.append(state)
        self.actions.append(action)
        return action

    def finish_episode(self):
        returns, g = [], 0.0
        for r in self.rewards[::-1]:
            g = r + 0.9 * g
            returns.insert(0, g)
        returns = tf.constant(returns, tf.float32)
        returns = (returns - tf.reduce_mean(returns)) / (tf.math.reduce_std(returns) + 1e-6)
        with tf.GradientTape() as tape:
            log_probs = tf.nn.log_softmax(self.policy(np.stack(self.states)))
            loss = -tf.reduce_sum(tf.gather(log_probs, self.actions, batch_dims=1) * returns)
        grads = tape.gradient(loss, self.policy.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.policy.trainable_variables))
        self.log_probs.clear()
        self.rewards.clear()
        self.states.clear()
        self.actions.clear()


keras.utils.set_random_seed(1)
env, agent = Walk(), Agent()
for episode in range(6):
    state = env.reset()
    for _ in range(10):
        state, reward, done = env.step(agent.act(state))
        agent.rewards.append(reward)
        if done:
            break
    agent.finish_episode()
print("done")
