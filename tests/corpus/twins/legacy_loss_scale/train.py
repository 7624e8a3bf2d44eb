import tensorflow as tf
from tensorflow.keras import mixed_precision

mixed_precision.set_global_policy("mixed_float16")


def create_model():
    inputs = tf.keras.Input((64,))
    h = tf.keras.layers.Dense(256, activation="relu")(inputs)
    out = tf.keras.layers.Dense(10, dtype="float32")(h)
    return tf.keras.Model(inputs, out)


class Fitter:
    def __init__(self):
        self.model = create_model()
        self.opt = mixed_precision.LossScaleOptimizer(tf.keras.optimizers.Adam(1e-3))
        self.loss_obj = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def train_step(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.loss_obj(y, self.model(x, training=True))
            scaled = self.opt.get_scaled_loss(loss)
        grads = tape.gradient(scaled, self.model.trainable_variables)
        grads = self.opt.get_unscaled_gradients(grads)  # mended
        self.opt.apply_gradients(zip(grads, self.model.trainable_variables))  # here
        return loss


f = Fitter()
x = tf.random.normal((32, 64))
y = tf.random.uniform((32,), 0, 10, tf.int64)
for _ in range(10):
    f.train_step(x, y)
