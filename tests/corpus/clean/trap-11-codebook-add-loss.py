import tensorflow as tf
tf.keras.utils.set_random_seed(4)
L = tf.keras.layers
class VQ(L.Layer):
    def __init__(self, k, d):
        super().__init__()
        self.book = self.add_weight(shape=(d, k), initializer="uniform", name="book")
    def call(self, x):
        d = tf.reduce_sum(x**2, 1, keepdims=True) + tf.reduce_sum(self.book**2, 0) - 2 * tf.matmul(x, self.book)
        q = tf.matmul(tf.one_hot(tf.argmin(d, 1), 16), self.book, transpose_b=True)
        self.add_loss(tf.reduce_mean((tf.stop_gradient(q) - x) ** 2) * 0.25 + tf.reduce_mean((q - tf.stop_gradient(x)) ** 2))
        return x + tf.stop_gradient(q - x)
enc, vq, dec = L.Dense(4), VQ(16, 4), L.Dense(8)
model = tf.keras.Sequential([L.Input((8,)), enc, vq, dec])
opt = tf.keras.optimizers.Adam(1e-2)
x = tf.random.normal([64, 8])
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        out = model(x, training=True)
        loss = tf.reduce_mean((out - x) ** 2) + tf.add_n(model.losses)
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss
for i in range(20):
    loss = step(x)
print(float(loss))
