import numpy as np
import tensorflow as tf
from tensorflow.keras import layers


class ActorCritic(tf.keras.Model):
    def __init__(self, actions):
        super().__init__()
        self.body = layers.Dense(64, activation="tanh")
        self.pi = layers.Dense(actions)
        self.v = layers.Dense(1)

    def call(self, s):
        h = self.body(s)
        return self.pi(h), self.v(h)


def discounted(rewards, gamma=0.99):
    out, running = [], 0.0
    for r in rewards[::-1]:
        running = r + gamma * running
        out.append(running)
    return np.array(out[::-1], dtype=np.float32)


net = ActorCritic(2)
opt = tf.keras.optimizers.Adam(7e-4)


def learn(states, actions, rewards):
    returns = discounted(rewards)
    with tf.GradientTape() as tape:
        logits, values = net(np.asarray(states, np.float32))
        values = tf.squeeze(values, axis=1)  # mended
        advantage = returns - values  # here
        logp = -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)
        policy_loss = -tf.reduce_mean(logp * tf.stop_gradient(advantage))
        value_loss = tf.reduce_mean(tf.square(advantage))
        loss = policy_loss + 0.5 * value_loss
    grads = tape.gradient(loss, net.trainable_variables)
    opt.apply_gradients(zip(grads, net.trainable_variables))
    return loss


for _ in range(3):
    learn(np.random.randn(20, 4), np.random.randint(0, 2, 20), list(np.random.rand(20)))
