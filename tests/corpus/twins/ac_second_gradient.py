import tensorflow as tf


def mlp(out, act=None):
    return tf.keras.Sequential([tf.keras.layers.Dense(32, "relu"), tf.keras.layers.Dense(out, act)])


class A2C:
    def __init__(self, n_actions):
        self.actor, self.critic = mlp(n_actions), mlp(1)
        self.a_opt = tf.keras.optimizers.Adam(1e-3)
        self.c_opt = tf.keras.optimizers.Adam(1e-3)

    def losses(self, s, a, ret):
        value = tf.squeeze(self.critic(s), -1)
        adv = ret - value
        logits = self.actor(s)
        nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=a, logits=logits)
        return tf.reduce_mean(nll * tf.stop_gradient(adv)), tf.reduce_mean(adv**2)

    def apply(self, opt, tape, loss, net):
        grads = tape.gradient(loss, net.trainable_variables)  # here
        opt.apply_gradients(zip(grads, net.trainable_variables))

    def update(self, s, a, ret):
        with tf.GradientTape() as tape:  # stuck
        with tf.GradientTape(persistent=True) as tape:  # mended
            a_loss, c_loss = self.losses(s, a, ret)
        self.apply(self.a_opt, tape, a_loss, self.actor)
        self.apply(self.c_opt, tape, c_loss, self.critic)  # here
        del tape  # mended


agent = A2C(3)
for _ in range(5):
    agent.update(tf.random.normal((16, 4)), tf.random.uniform((16,), 0, 3, tf.int32), tf.random.normal((16,)))
