import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(90)
x = np.random.randn(120, 3).astype("float32")
y = (x[:, :1] + 2.0 * x[:, 2:]).astype("float32")


class SignSGD(tf.keras.optimizers.Optimizer):
    def __init__(self, learning_rate=0.01, name="SignSGD", **kwargs):
        super().__init__(name=name, **kwargs)
        self._learning_rate = self._build_learning_rate(learning_rate)

    def update_step(self, gradient, variable):
        rate = tf.cast(self.learning_rate, variable.dtype)
        variable.assign_sub(rate * tf.sign(gradient))

    def get_config(self):
        return {**super().get_config(), "learning_rate": float(self.learning_rate)}


model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1, name="signed")])
optimizer = SignSGD(0.02)
for epoch in range(30):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if epoch % 5 == 0:
        print("epoch", epoch, float(loss))
