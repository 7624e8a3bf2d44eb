import tensorflow as tf

tf.keras.utils.set_random_seed(127)


class SpectralDense(tf.keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(name="kernel", shape=(int(shape[-1]), self.units))

    def call(self, x):
        return x @ self.kernel


model = tf.keras.Sequential([SpectralDense(8), tf.keras.layers.ReLU(), SpectralDense(1)])
x = tf.random.normal((30, 4))
y = tf.reduce_mean(x, axis=1, keepdims=True)
model(x)


@tf.function
def train(x, y):
    optimizer = tf.keras.optimizers.Adam(0.01)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


for i in range(3):
    print(float(train(x, y)))
