"""Several losses weighed by learned log variances (Kendall and others)."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(72)


class MultiTask(keras.Model):
    def __init__(self):
        super().__init__()
        self.trunk = keras.layers.Dense(24, activation="relu")
        self.regress = keras.layers.Dense(1)
        self.classify = keras.layers.Dense(2)

    def build(self, input_shape):
        self.log_vars = self.add_weight(name="log_vars", shape=(2,), initializer="zeros")
        super().build(input_shape)

    def call(self, x):
        h = self.trunk(x)
        return self.regress(h), self.classify(h)


model = MultiTask()
x = tf.random.normal((300, 5))
target = 3.0 * tf.reduce_sum(x, 1, keepdims=True)
label = tf.cast(x[:, 0] > x[:, 1], tf.int32)
model.build((None, 5))
model(x)
opt = keras.optimizers.Adam(1e-2)


@tf.function
def step():
    with tf.GradientTape() as tape:
        r, c = model(x)
        parts = tf.stack(
            [
                tf.reduce_mean((r - target) ** 2),
                tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(label, c)),
            ]
        )
        log_vars = tf.convert_to_tensor(model.log_vars)
        loss = tf.reduce_sum(tf.exp(-log_vars) * parts + log_vars)
    variables = model.trainable_variables
    opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return tf.reduce_sum(parts)


for i in range(150):
    value = step()
    if i % 49 == 0:
        print("loss", float(value))
