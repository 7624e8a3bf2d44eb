import tensorflow as tf

tf.keras.utils.set_random_seed(2)
tf.random.set_seed(2)


class TwoLayerNet(tf.Module):
    def __init__(self, hidden):
        self.w1 = tf.Variable(tf.random.normal((4, hidden), stddev=0.5), name="w1")
        self.b1 = tf.Variable(tf.zeros((hidden,)), name="b1")
        self.w2 = tf.constant(tf.random.normal((hidden, 1), stddev=0.5), name="w2")
        self.b2 = tf.Variable(tf.zeros((1,)), name="b2")

    def __call__(self, inputs):
        hidden = tf.nn.relu(inputs @ self.w1 + self.b1)
        return hidden @ self.w2 + self.b2


inputs = tf.random.normal((200, 4))
outputs = tf.reduce_sum(inputs ** 2, axis=1, keepdims=True)
net = TwoLayerNet(16)
optimizer = tf.keras.optimizers.Adam(0.02)

for step in range(80):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(inputs) - outputs) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
    if step % 20 == 0:
        print("step", step, "loss", loss.numpy())
