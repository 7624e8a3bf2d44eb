import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(122)


def mlp(name):
    return tf.keras.Sequential([tf.keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(4)], name=name)


class CycleGAN:
    def __init__(self):
        self.forward_net, self.backward_net = mlp("forward"), mlp("backward")
        self.opt_f, self.opt_b = tf.keras.optimizers.Adam(2e-3), tf.keras.optimizers.Adam(2e-3)

    @tf.function
    def step(self, a, b):
        with tf.GradientTape(persistent=True) as tape:
            cycle = tf.reduce_mean(tf.abs(self.backward_net(self.forward_net(a)) - a))
            identity_f = tf.reduce_mean(tf.abs(self.forward_net(b) - b))
            identity_b = tf.reduce_mean(tf.abs(self.backward_net(a) - a))
            loss_f = cycle + identity_f
            loss_b = cycle + identity_b
        grads_f = tape.gradient(loss_f, self.forward_net.trainable_variables)
        grads_b = tape.gradient(loss_b, self.backward_net.trainable_variables)
        self.opt_f.apply_gradients(zip(grads_f, self.forward_net.trainable_variables))
        self.opt_b.apply_gradients(zip(grads_f, self.backward_net.trainable_variables))
        return loss_f, loss_b, grads_b


gan = CycleGAN()
a, b = tf.random.normal((32, 4)), tf.random.normal((32, 4)) + 1.0
for i in range(8):
    f, g, _ = gan.step(a, b)
print(float(f), float(g))
