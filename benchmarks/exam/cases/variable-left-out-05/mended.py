import numpy as np
import tensorflow as tf


class Agent:
    def __init__(self, observations, actions):
        self.body = tf.keras.Sequential([tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(actions)])
        self.body.build((None, observations))
        self.log_std = tf.Variable(-0.5 * tf.ones(actions), name="log_std")
        self.optimizer = tf.keras.optimizers.Adam(1e-2)

    def parameters(self):
        return self.body.trainable_variables + [self.log_std]

    def log_prob(self, obs, act):
        mean = self.body(obs)
        z = (act - mean) / tf.exp(self.log_std)
        return tf.reduce_sum(-0.5 * z * z - self.log_std, axis=-1)

    def act(self, obs):
        mean = self.body(obs)
        return mean + tf.exp(self.log_std) * tf.random.normal(tf.shape(mean))

    def learn(self, obs, act, advantage):
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(self.log_prob(obs, act) * advantage)
        params = self.parameters()
        grads = tape.gradient(loss, params)
        grads, _ = tf.clip_by_global_norm(grads, 1.0)
        self.optimizer.apply_gradients(zip(grads, params))
        return loss


tf.keras.utils.set_random_seed(13)
agent = Agent(3, 2)
goal = tf.constant([[0.5, -0.2, 0.1], [0.3, 0.4, -0.6]])
for episode in range(25):
    obs = tf.random.normal((64, 3))
    act = agent.act(obs)
    reward = -tf.reduce_sum((act - obs @ tf.transpose(goal)) ** 2, axis=-1)
    advantage = (reward - tf.reduce_mean(reward)) / (tf.math.reduce_std(reward) + 1e-6)
    agent.learn(obs, act, advantage)
    if episode % 5 == 4:
        print(episode, float(tf.reduce_mean(reward)))
