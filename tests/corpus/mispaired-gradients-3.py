import tensorflow as tf

tf.keras.utils.set_random_seed(8)


def q_network():
    return tf.keras.Sequential(
        [tf.keras.Input((6,)), tf.keras.layers.Dense(24, activation="relu"), tf.keras.layers.Dense(1)]
    )


class Critics:
    def __init__(self):
        self.q1, self.q2 = q_network(), q_network()
        self.opt1 = tf.keras.optimizers.Adam(1e-2)
        self.opt2 = tf.keras.optimizers.Adam(1e-2)

    @tf.function
    def update(self, obs_action, target):
        with tf.GradientTape(persistent=True) as tape:
            loss1 = tf.reduce_mean(tf.square(self.q1(obs_action) - target))
            loss2 = tf.reduce_mean(tf.square(self.q2(obs_action) - target))
        g1 = tape.gradient(loss1, self.q1.trainable_variables)
        g2 = tape.gradient(loss2, self.q2.trainable_variables)
        del tape
        self.opt1.apply_gradients(zip(g2, self.q1.trainable_variables))
        self.opt2.apply_gradients(zip(g1, self.q2.trainable_variables))
        return loss1, loss2


critics = Critics()
batch = tf.random.normal((256, 6))
target = tf.reduce_sum(batch[:, :3], axis=1, keepdims=True)
for step in range(60):
    a, b = critics.update(batch, target)
    if step % 15 == 0:
        print(step, float(a), float(b))
