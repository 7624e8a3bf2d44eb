import tensorflow as tf

tf.keras.utils.set_random_seed(2)


class Head(tf.keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        limit = (6.0 / (shape[-1] + self.units)) ** 0.5
        self.kernel = tf.random.uniform((shape[-1], self.units), -limit, limit)
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, x):
        return tf.matmul(x, self.kernel) + self.bias


model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(16, activation="relu"), Head(2)])
optimizer = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((200, 5))
y = tf.stack([x[:, 0] * x[:, 1], x[:, 2]], 1)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for i in range(60):
    loss = step()
    if i % 20 == 0:
        print(i, float(loss))
