import tensorflow as tf

tf.keras.utils.set_random_seed(1)


class Regressor:
    def __init__(self, weight_decay=1e-3):
        self.net = tf.keras.Sequential(
            [tf.keras.Input((5,)), tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(1)], name="net"
        )
        self.weight_decay = weight_decay
        self.optim = tf.keras.optimizers.Adam(0.01)
        self.pred = None

    def forward(self, x):
        self.pred = self.net(x, training=True)
        return self.pred

    def penalty(self):
        return tf.add_n([tf.nn.l2_loss(v) for v in self.net.trainable_variables])

    def backward(self, y):
        with tf.GradientTape() as tape:
            error = tf.reduce_mean(tf.square(self.pred - y))
            loss = error + self.weight_decay * self.penalty()

        grads = tape.gradient(loss, self.net.trainable_variables)
        self.optim.apply_gradients(zip(grads, self.net.trainable_variables))
        return loss


model = Regressor()
x = tf.random.normal([80, 5])
y = tf.sin(x[:, :1]) + x[:, 1:2]
for epoch in range(10):
    model.forward(x)
    loss = model.backward(y)
    print(epoch, float(loss))
