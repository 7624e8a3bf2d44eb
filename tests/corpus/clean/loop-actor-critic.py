import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
shared = tf.keras.layers.Dense(16, activation="relu")
actor, critic = tf.keras.layers.Dense(2), tf.keras.layers.Dense(1)
shared.build((None, 4)); actor.build((None, 16)); critic.build((None, 16))
weights = shared.trainable_variables + actor.trainable_variables + critic.trainable_variables
optimizer = tf.keras.optimizers.Adam(3e-3, clipnorm=5.0)


class Env:
    def reset(self):
        self.s = rng.normal(size=4).astype("float32"); self.n = 0
        return self.s

    def step(self, a):
        r = 1.0 if (self.s[0] > 0) == bool(a) else -1.0
        self.s = rng.normal(size=4).astype("float32"); self.n += 1
        return self.s, r, self.n >= 12


env, history = Env(), []
for episode in range(12):
    s, done = env.reset(), False
    log_probs, values, rewards = [], [], []
    with tf.GradientTape() as tape:
        while not done:
            h = shared(tf.convert_to_tensor(s[None]))
            logits, value = actor(h), critic(h)
            a = int(tf.random.categorical(logits, 1)[0, 0])
            log_probs.append(tf.nn.log_softmax(logits)[0, a])
            values.append(value[0, 0])
            s, r, done = env.step(a)
            rewards.append(r)
        returns, g = [], 0.0
        for r in rewards[::-1]:
            g = r + 0.5 * g
            returns.insert(0, g)
        returns = tf.constant(returns, tf.float32)
        advantage = tf.stop_gradient(returns - tf.stack(values))
        loss = -tf.reduce_sum(tf.stack(log_probs) * advantage) + 0.5 * tf.reduce_sum(tf.square(returns - tf.stack(values)))
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    history.append(sum(rewards))
    print(episode, float(loss), history[-1])
