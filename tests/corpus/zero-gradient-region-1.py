import tensorflow as tf

tf.keras.utils.set_random_seed(118)


class Bounded(tf.keras.layers.Layer):
    """Diffusivity kept between its physical limits."""

    def __init__(self, low, high):
        super().__init__()
        self.low, self.high = low, high

    def build(self, shape):
        self.raw = self.add_weight(name="raw", shape=(), initializer=tf.keras.initializers.Constant(5.0))

    def call(self, x):
        return x * tf.clip_by_value(self.raw, self.low, self.high)


layer = Bounded(0.1, 2.0)
offset = tf.Variable(0.0, name="offset")
x = tf.linspace(0.0, 3.0, 30)
y = 0.7 * x + 0.4
layer(x)
variables = layer.trainable_variables + [offset]
optimizer = tf.keras.optimizers.SGD(0.02)
for step in range(40):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((layer(x) + offset - y) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    if step % 10 == 0:
        print(step, loss.numpy(), float(layer.raw), offset.numpy())
