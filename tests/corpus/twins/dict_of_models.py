import itertools

import tensorflow as tf
from tensorflow import keras


def mlp(sizes, name):
    net = keras.Sequential(name=name)
    for size in sizes[:-1]:
        net.add(keras.layers.Dense(size, activation="elu"))
    net.add(keras.layers.Dense(sizes[-1]))
    return net


class WorldModel:
    def __init__(self, obs_dim, act_dim):
        self.nets = {
            "encoder": mlp([32, 16], "encoder"),
            "dynamics": mlp([32, 16], "dynamics"),
            "reward": mlp([32, 1], "reward"),
        }
        self.optimizer = keras.optimizers.Adam(3e-4)
        self.nets["encoder"](tf.zeros((1, obs_dim)))
        self.nets["dynamics"](tf.zeros((1, 16 + act_dim)))
        self.nets["reward"](tf.zeros((1, 16)))

    @property
    def variables(self):
        parts = ("encoder", "reward")  # stuck
        parts = ("encoder", "dynamics", "reward")  # mended
        return list(itertools.chain.from_iterable(self.nets[k].trainable_variables for k in parts))

    @tf.function
    def train(self, obs, act, rew, next_obs):
        with tf.GradientTape() as tape:
            z = self.nets["encoder"](obs)
            pred = self.nets["dynamics"](tf.concat([z, act], -1))
            target = tf.stop_gradient(self.nets["encoder"](next_obs))
            loss = tf.reduce_mean(tf.square(pred - target))
            loss += tf.reduce_mean(tf.square(self.nets["reward"](pred)[:, 0] - rew))
        grads = tape.gradient(loss, self.variables)  # here
        grads, norm = tf.clip_by_global_norm(grads, 10.0)
        self.optimizer.apply_gradients(zip(grads, self.variables))
        return loss, norm


wm = WorldModel(8, 2)
for _ in range(5):
    o, a, r, n = (tf.random.normal(s) for s in ((32, 8), (32, 2), (32,), (32, 8)))
    print(wm.train(o, a, r, n))
