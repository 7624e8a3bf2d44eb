import numpy as np
import tensorflow as tf
from tensorflow import keras

STEPS = 60


class MultiTask:
    def __init__(self):
        inputs = keras.Input((6,))
        trunk = keras.layers.Dense(10, activation="tanh", name="trunk")(inputs)
        outputs = [keras.layers.Dense(1, name=f"branch_{k}")(trunk) for k in range(2)]
        self.model = keras.Model(inputs, outputs)
        schedule = keras.optimizers.schedules.PolynomialDecay(0.2, decay_steps=STEPS, end_learning_rate=1e-3)
        self.optimizer = keras.optimizers.SGD(schedule)
        self.parts = [self.model.get_layer(name) for name in ("trunk", "branch_0", "branch_1")]
        if hasattr(self.optimizer, "build"):
            self.optimizer.build(self.model.trainable_variables)

    @tf.function
    def learn(self, x, first, second):
        with tf.GradientTape() as tape:
            a, b = self.model(x, training=True)
            loss = tf.reduce_mean(tf.square(a - first)) + tf.reduce_mean(tf.square(b - second))
        groups = [part.trainable_variables for part in self.parts]
        for group, grads in zip(groups, tape.gradient(loss, groups)):
            self.optimizer.apply_gradients(zip(grads, group))
        return loss


keras.utils.set_random_seed(37)
x = np.random.uniform(-1, 1, (STEPS * 16, 6)).astype("float32")
first, second = x[:, :1] * x[:, 1:2], np.tanh(2 * x[:, 2:3])
task = MultiTask()
for n in range(STEPS):
    part = slice(16 * n, 16 * n + 16)
    loss = task.learn(x[part], first[part], second[part])
print("loss", float(loss), "iterations", int(task.optimizer.iterations))
