import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(90)
x = np.random.randn(120, 3).astype("float32")
y = (x[:, :1] + 2.0 * x[:, 2:]).astype("float32")


class SignSGD(tf.keras.optimizers.Optimizer):
    def __init__(self, learning_rate=0.01, name="SignSGD", **kwargs):
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", learning_rate)

    def _resource_apply_dense(self, grad, var, apply_state=None):
        rate = self._get_hyper("learning_rate", var.dtype)
        return var.assign_sub(rate * tf.sign(grad))

    def get_config(self):
        return {**super().get_config(), "learning_rate": self._serialize_hyperparameter("learning_rate")}


model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1, name="signed")])
optimizer = SignSGD(0.02)
for epoch in range(30):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if epoch % 5 == 0:
        print("epoch", epoch, float(loss))
