import tensorflow as tf

tf.keras.utils.set_random_seed(102)


class Expert:
    """Two dense layers behind one call."""

    def __init__(self, units):
        self.inner = tf.keras.layers.Dense(units, activation="gelu")
        self.outer = tf.keras.layers.Dense(1)

    def __call__(self, x):
        return self.outer(self.inner(x))


class Mixture(tf.keras.Model):
    def __init__(self, count=3):
        super().__init__()
        self.experts = [Expert(8) for _ in range(count)]
        self.gate = tf.keras.layers.Dense(count, activation="softmax")

    def call(self, x):
        outputs = tf.concat([expert(x) for expert in self.experts], axis=1)
        return tf.reduce_sum(self.gate(x) * outputs, axis=1, keepdims=True)


mixture = Mixture()
opt = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((64, 5))
y = tf.where(x[:, :1] > 0.0, x[:, 1:2], -2.0 * x[:, 2:3])
for step in range(25):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(mixture(x, training=True) - y))
    gradients = tape.gradient(loss, mixture.trainable_variables)
    opt.apply_gradients(zip(gradients, mixture.trainable_variables))
    if step % 6 == 0:
        print(step, float(loss))
