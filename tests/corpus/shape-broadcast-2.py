import tensorflow as tf

tf.keras.utils.set_random_seed(138)


class ValueNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.h = tf.keras.layers.Dense(16, activation="relu")
        self.v = tf.keras.layers.Dense(1)

    def call(self, s):
        return self.v(self.h(s))


def td_loss(net, target_net, batch, gamma=0.95):
    states, rewards, following, done = batch
    bootstrap = tf.reduce_max(target_net(following), axis=1)
    wanted = tf.stop_gradient(rewards + gamma * (1.0 - done) * bootstrap)
    return tf.reduce_mean(tf.square(wanted - net(states)))


net, target_net = ValueNet(), ValueNet()
states = tf.random.normal((64, 3))
batch = (states, tf.reduce_sum(states, axis=1), states + 0.1, tf.zeros(64))
net(states), target_net(states)
target_net.set_weights(net.get_weights())
optimizer = tf.keras.optimizers.Adam(0.01)
for step in range(20):
    with tf.GradientTape() as tape:
        loss = td_loss(net, target_net, batch)
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    if step % 5 == 0:
        target_net.set_weights(net.get_weights())
        print(step, float(loss))
