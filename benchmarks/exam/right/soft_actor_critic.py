"""SAC on a one-dimensional task: twin critics, soft targets, a learned temperature."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(31)


def mlp(inputs, outputs):
    return keras.Sequential([keras.layers.Input((inputs,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(outputs)])


class SAC:
    def __init__(self):
        self.actor = mlp(1, 2)
        self.q1, self.q2, self.t1, self.t2 = (mlp(2, 1) for _ in range(4))
        self.t1.set_weights(self.q1.get_weights())
        self.t2.set_weights(self.q2.get_weights())
        self.log_alpha = tf.Variable(-1.0)
        self.actor_opt = keras.optimizers.Adam(3e-3)
        self.critic_opt = keras.optimizers.Adam(3e-3)
        self.alpha_opt = keras.optimizers.Adam(3e-3)

    def act(self, s):
        mean, log_std = tf.split(self.actor(s), 2, axis=1)
        log_std = tf.clip_by_value(log_std, -4.0, 1.0)
        noise = tf.random.normal(tf.shape(mean))
        raw = mean + tf.exp(log_std) * noise
        a = tf.tanh(raw)
        logp = -0.5 * noise**2 - log_std - 0.919 - tf.math.log(1 - a**2 + 1e-6)
        return a, logp

    @tf.function
    def learn(self, s, a, r, s2):
        alpha = tf.exp(self.log_alpha)
        a2, logp2 = self.act(s2)
        sa2 = tf.concat([s2, a2], 1)
        target = r + 0.9 * (tf.minimum(self.t1(sa2), self.t2(sa2)) - alpha * logp2)
        critics = self.q1.trainable_variables + self.q2.trainable_variables
        with tf.GradientTape() as tape:
            sa = tf.concat([s, a], 1)
            critic_loss = tf.reduce_mean((self.q1(sa) - target) ** 2) + tf.reduce_mean((self.q2(sa) - target) ** 2)
        self.critic_opt.apply_gradients(zip(tape.gradient(critic_loss, critics), critics))
        with tf.GradientTape() as tape:
            new, logp = self.act(s)
            q = tf.minimum(self.q1(tf.concat([s, new], 1)), self.q2(tf.concat([s, new], 1)))
            actor_loss = tf.reduce_mean(alpha * logp - q)
        actor = self.actor.trainable_variables
        self.actor_opt.apply_gradients(zip(tape.gradient(actor_loss, actor), actor))
        with tf.GradientTape() as tape:
            alpha_loss = -tf.reduce_mean(self.log_alpha * tf.stop_gradient(logp - 1.0))
        self.alpha_opt.apply_gradients([(tape.gradient(alpha_loss, self.log_alpha), self.log_alpha)])
        for net, slow in ((self.q1, self.t1), (self.q2, self.t2)):
            for v, t in zip(net.trainable_variables, slow.trainable_variables):
                t.assign(0.95 * t + 0.05 * v)
        return critic_loss


rng = np.random.default_rng(31)
agent, rows, s, costs = SAC(), [], 0.5, []
for i in range(400):
    a = float(agent.act(tf.constant([[s]], tf.float32))[0][0, 0])
    s2 = float(np.clip(s + 0.3 * a, -1, 1))
    rows.append((s, a, -(s2**2), s2))
    costs.append(s2**2)
    s = s2 if i % 20 else float(rng.uniform(-1, 1))
    if len(rows) >= 64 and i % 2 == 0:
        pick = np.array(rows, "float32")[rng.integers(0, len(rows), 64)]
        agent.learn(*tf.split(tf.constant(pick), 4, axis=1))
print("cost loss", np.mean(costs[:100]))
print("cost loss", np.mean(costs[-100:]))
