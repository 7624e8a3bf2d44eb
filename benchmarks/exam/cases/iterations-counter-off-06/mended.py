import numpy as np
import tensorflow as tf
from tensorflow import keras

TASKS = ("age", "income", "height")


class MultiTask(keras.Model):
    def __init__(self):
        super().__init__()
        self.shared = keras.layers.Dense(12, activation="relu", name="shared")
        self.heads = {task: keras.layers.Dense(1, name=f"tasks_{task}") for task in TASKS}

    def call(self, x, task):
        return self.heads[task](self.shared(x))


keras.utils.set_random_seed(72)
model = MultiTask()
x = np.random.randn(256, 5).astype("float32")
targets = {task: x[:, k:k + 1] * (k + 1) for k, task in enumerate(TASKS)}
steps_per_epoch, epochs = 8, 6
for task in TASKS:
    model(x[:1], task=task)
schedule = keras.optimizers.schedules.PolynomialDecay(0.1, steps_per_epoch * epochs, 0.0)
optimizer = keras.optimizers.SGD(schedule)
optimizer.build(model.trainable_variables)


@tf.function
def train_batch(bx, by):
    total = 0.0
    grads = None
    with tf.GradientTape(persistent=True) as tape:
        losses = {task: tf.reduce_mean(tf.square(model(bx, task=task) - by[task])) for task in TASKS}
        total = tf.add_n(list(losses.values()))
    grads = tape.gradient(total, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return total


for epoch in range(epochs):
    for i in range(steps_per_epoch):
        rows = slice(i * 32, i * 32 + 32)
        total = train_batch(tf.constant(x[rows]), {t: tf.constant(v[rows]) for t, v in targets.items()})
    print(epoch, float(total))
