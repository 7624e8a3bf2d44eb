import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(91)
N = 320
obs = np.random.randn(N, 4).astype("float32")
replay = tf.data.Dataset.from_tensor_slices({
    "obs": obs,
    "reward": obs[:, 0] - 0.5 * obs[:, 1] ** 2,
    "next_obs": (0.9 * obs + 0.1 * np.random.randn(N, 4)).astype("float32"),
    "done": (np.random.rand(N) < 0.1).astype("float32"),
}).shuffle(N, seed=3).batch(32)


def value_net(name):
    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(24, activation="relu"), keras.layers.Dense(1)], name=name)


class TDLearner:
    def __init__(self, gamma=0.9, tau=0.05):
        self.critic, self.target = value_net("critic"), value_net("target")
        self.target.set_weights(self.critic.get_weights())
        self.optimizer = keras.optimizers.Adam(3e-3)
        self.gamma, self.tau = gamma, tau

    @tf.function
    def learn(self, batch):
        following = self.target(batch["next_obs"])[:, 0]
        goal = batch["reward"] + self.gamma * (1.0 - batch["done"]) * following
        goal = goal[:, tf.newaxis]
        with tf.GradientTape() as tape:
            error = self.critic(batch["obs"], training=True) - goal
            loss = tf.reduce_mean(tf.square(error))
        grads = tape.gradient(loss, self.critic.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.critic.trainable_variables))
        for slow, fast in zip(self.target.trainable_variables, self.critic.trainable_variables):
            slow.assign((1.0 - self.tau) * slow + self.tau * fast)
        return loss


learner = TDLearner()
for epoch in range(4):
    for batch in replay:
        loss = learner.learn(batch)
    print(epoch, float(loss))
