import tensorflow as tf

tf.keras.utils.set_random_seed(11)


class Memory(tf.Module):
    def __init__(self, width):
        super().__init__()
        self.write = tf.Variable(tf.random.normal((3 + width, width)) * 0.3, name="write")
        self.read = tf.Variable(tf.random.normal((width, 1)) * 0.3, name="read")
        self.state = tf.Variable(tf.zeros((16, width)), trainable=False, name="state")

    def __call__(self, sequence):
        self.state.assign(tf.zeros_like(self.state))
        for t in range(sequence.shape[1]):
            joined = tf.concat([sequence[:, t], self.state], 1)
            self.state.assign(tf.tanh(joined @ self.write))
        return tf.convert_to_tensor(self.state) @ self.read


m = Memory(6)
opt = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((16, 5, 3))
y = tf.reduce_sum(x[:, :, 0], 1, keepdims=True)
for i in range(30):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((m(x) - y) ** 2)
    grads = tape.gradient(loss, m.trainable_variables)
    opt.apply_gradients([(g, v) for g, v in zip(grads, m.trainable_variables) if g is not None])
    if i % 10 == 0:
        print(i, float(loss))
