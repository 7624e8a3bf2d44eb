import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(107)


class ActorCritic(tf.keras.Model):
    def __init__(self, actions):
        super().__init__()
        self.trunk = tf.keras.layers.Dense(16, activation="relu")
        self.actor = tf.keras.layers.Dense(actions)
        self.critic = tf.keras.layers.Dense(1)

    def call(self, s):
        h = self.trunk(s)
        return self.actor(h), self.critic(h)


net = ActorCritic(2)
optimizer = tf.keras.optimizers.Adam(1e-2)
rng = np.random.default_rng(107)


def run_episode(length=12):
    log_probs, values, rewards = [], [], []
    state = rng.normal(size=(1, 4)).astype("float32")
    for _ in range(length):
        logits, value = net(state)
        action = int(tf.random.categorical(logits, 1)[0, 0])
        log_probs.append(tf.nn.log_softmax(logits)[0, action])
        values.append(value[0, 0])
        rewards.append(1.0 if (state[0, 0] > 0) == bool(action) else -1.0)
        state = rng.normal(size=(1, 4)).astype("float32")
    return tf.stack(log_probs), tf.stack(values), np.array(rewards, "float32")


for episode in range(5):
    log_probs, values, rewards = run_episode()
    returns = np.cumsum(rewards[::-1])[::-1]
    with tf.GradientTape() as tape:
        advantages = returns - values
        loss = -tf.reduce_sum(log_probs * tf.stop_gradient(advantages)) + tf.reduce_sum(advantages**2)
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
    print(episode, rewards.sum())
