import tensorflow as tf

tf.keras.utils.set_random_seed(23)


@tf.custom_gradient
def silu(x):
    s = tf.sigmoid(x)

    def grad(upstream):
        return upstream * s * (1.0 - s)

    return x * s, grad


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        g = tf.random.Generator.from_seed(1)
        self.w1 = tf.Variable(g.normal((4, 32)) * 0.4)
        self.b1 = tf.Variable(tf.zeros((32,)))
        self.w2 = tf.Variable(g.normal((32, 1)) * 0.2)

    def __call__(self, x):
        return silu(x @ self.w1 + self.b1) @ self.w2


net = Net()
optimizer = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((200, 4))
y = tf.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3]


@tf.function(jit_compile=True)
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    return loss, grads


for i in range(60):
    loss, grads = step(x, y)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
    if i % 20 == 0:
        print(i, loss.numpy())
