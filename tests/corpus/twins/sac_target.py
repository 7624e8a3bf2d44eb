import numpy as np
import tensorflow as tf
import tensorflow.keras as K


class Critic(K.Model):
    def __init__(self, hidden=64):
        super().__init__()
        self.l1 = K.layers.Dense(hidden, activation="relu")
        self.l2 = K.layers.Dense(hidden, activation="relu")
        self.q = K.layers.Dense(1)

    def call(self, obs, act):
        x = tf.concat([obs, act], axis=-1)
        return tf.squeeze(self.q(self.l2(self.l1(x))), -1)


class Agent:
    def __init__(self, obs_dim, act_dim, tau=0.005, gamma=0.99):
        self.tau, self.gamma = tau, gamma
        self.critic, self.critic_target = Critic(), Critic()
        dummy = tf.zeros((1, obs_dim)), tf.zeros((1, act_dim))
        self.critic(*dummy)
        self.critic_target(*dummy)
        self.critic_target.set_weights(self.critic.get_weights())
        self.opt = K.optimizers.Adam(3e-4)

    def soft_update(self):
        for online, target in zip(self.critic.variables, self.critic_target.variables):
            target.assign(self.tau * target + (1.0 - self.tau) * target)  # stuck
            target.assign(self.tau * online + (1.0 - self.tau) * target)  # mended

    @tf.function
    def update(self, s, a, r, s2, a2, done):
        target = r + self.gamma * (1.0 - done) * self.critic_target(s2, a2)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.critic(s, a) - tf.stop_gradient(target)) ** 2)
        grads = tape.gradient(loss, self.critic.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.critic.trainable_variables))
        self.soft_update()
        return loss


agent = Agent(4, 2)
rng = np.random.default_rng(0)
for step in range(10):
    f = lambda *s: tf.constant(rng.normal(size=s), tf.float32)
    agent.update(f(32, 4), f(32, 2), f(32), f(32, 4), f(32, 2), tf.zeros(32))
