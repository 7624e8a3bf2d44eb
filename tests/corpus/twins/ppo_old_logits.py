import tensorflow as tf


class PPO:
    def __init__(self, actor, critic, clip=0.2):
        self.actor, self.critic, self.clip = actor, critic, clip
        self.opt = tf.keras.optimizers.Adam(3e-4)

    def log_prob(self, logits, actions):
        return tf.reduce_sum(tf.nn.log_softmax(logits) * tf.one_hot(actions, logits.shape[-1]), axis=1)

    def update(self, obs, actions, old_logp, adv):
        logits = self.actor(obs)  # stuck
        with tf.GradientTape() as tape:
            logits = self.actor(obs)  # mended
            ratio = tf.exp(self.log_prob(logits, actions) - old_logp)
            clipped = tf.clip_by_value(ratio, 1 - self.clip, 1 + self.clip)
            loss = -tf.reduce_mean(tf.minimum(ratio * adv, clipped * adv))
        grads = tape.gradient(loss, self.actor.trainable_variables)  # here
        self.opt.apply_gradients(zip(grads, self.actor.trainable_variables))
        return loss


def net(n):
    return tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(32, "tanh"), tf.keras.layers.Dense(n)])


agent = PPO(net(2), net(1))
obs = tf.random.normal((64, 4))
acts = tf.random.uniform((64,), 0, 2, tf.int32)
old = agent.log_prob(agent.actor(obs), acts)
for _ in range(4):
    agent.update(obs, acts, old, tf.random.normal((64,)))
