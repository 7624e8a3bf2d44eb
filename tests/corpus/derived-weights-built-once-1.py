import tensorflow as tf

tf.keras.utils.set_random_seed(12)


class PositiveDense(tf.keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        self.raw = self.add_weight(shape=(int(shape[-1]), self.units), initializer="random_normal", name="raw")
        self.kernel = tf.nn.softplus(tf.convert_to_tensor(self.raw))

    def call(self, x):
        return tf.matmul(x, self.kernel)


model = tf.keras.Sequential([PositiveDense(8), tf.keras.layers.Dense(1)])
x = tf.random.uniform((64, 3))
model(x)
y = tf.reduce_sum(tf.sqrt(x), 1, keepdims=True)
opt = tf.keras.optimizers.Adam(0.02)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients([(g, v) for g, v in zip(grads, model.trainable_variables) if g is not None])
    return loss


for i in range(40):
    loss = step()
    if i % 10 == 0:
        print(i, float(loss))
