"""Deterministic policy gradient on a toy regulator, replay kept in arrays."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(33)


def mlp(inputs, outputs, last=None):
    return tf.keras.Sequential([tf.keras.Input((inputs,)), tf.keras.layers.Dense(32, "relu"), tf.keras.layers.Dense(outputs, last)])


class Agent:
    gamma = 0.9

    def __init__(self):
        self.actor, self.critic = mlp(3, 1, "tanh"), mlp(4, 1)
        self.actor_opt, self.critic_opt = tf.keras.optimizers.Adam(1e-3), tf.keras.optimizers.Adam(2e-3)

    def q(self, s, a):
        return self.critic(tf.concat([s, a], axis=-1))

    def act(self, s):
        return self.actor(s)

    def update_critic(self, s, a, r, s2):
        target = r[:, None] + self.gamma * self.q(s2, self.act(s2))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(target - self.q(s, a)))
        g = tape.gradient(loss, self.critic.trainable_variables)
        self.critic_opt.apply_gradients(zip(g, self.critic.trainable_variables))
        return loss

    def update_actor(self, s):
        with tf.GradientTape() as tape:
            gain = tf.reduce_mean(self.q(s, self.act(s)))
            loss = -gain
        g = tape.gradient(loss, self.actor.trainable_variables)
        self.actor_opt.apply_gradients(zip(g, self.actor.trainable_variables))
        return loss


agent = Agent()
rng = np.random.default_rng(8)
for i in range(30):
    s = rng.normal(size=(32, 3)).astype("float32")
    a = np.clip(agent.act(s).numpy() + rng.normal(0, 0.3, (32, 1)), -1, 1).astype("float32")
    r = -np.square(s[:, 0] + a[:, 0]).astype("float32")
    s2 = (0.9 * s + 0.1 * a).astype("float32")
    lc = agent.update_critic(tf.constant(s), tf.constant(a), tf.constant(r), tf.constant(s2))
    la = agent.update_actor(tf.constant(s))
    if i % 10 == 0:
        print(i, float(lc), float(la))
