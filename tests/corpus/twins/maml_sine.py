import numpy as np
import tensorflow as tf


class SineModel(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.h1 = tf.keras.layers.Dense(40, input_shape=(1,))
        self.h2 = tf.keras.layers.Dense(40)
        self.out = tf.keras.layers.Dense(1)

    def call(self, x):
        x = tf.nn.relu(self.h1(x))
        x = tf.nn.relu(self.h2(x))
        return self.out(x)

    def forward(self, x, w):
        x = tf.nn.relu(x @ w[0] + w[1])
        x = tf.nn.relu(x @ w[2] + w[3])
        return x @ w[4] + w[5]


def mse(a, b):
    return tf.reduce_mean(tf.square(a - b))


def adapt(model, x, y, alpha):
    with tf.GradientTape() as inner:
        loss = mse(y, model(x))
    grads = inner.gradient(loss, model.trainable_weights)
    return [w - alpha * g for w, g in zip(model.trainable_weights, grads)]


def meta_step(model, optimizer, tasks, alpha=0.01):
    total = 0.0
    fast = [adapt(model, x, y, alpha) for (x, y), _ in tasks]  # stuck
    with tf.GradientTape() as outer:
        fast = [adapt(model, x, y, alpha) for (x, y), _ in tasks]  # mended
        for weights, (_, (x, y)) in zip(fast, tasks):
            total = total + mse(y, model.forward(x, weights))
        total = total / len(tasks)
    meta_grads = outer.gradient(total, model.trainable_weights)  # here
    optimizer.apply_gradients(zip(meta_grads, model.trainable_weights))
    return total


def sample_task(k=10):
    amp, phase = np.random.uniform(0.1, 5), np.random.uniform(0, np.pi)
    pair = lambda: (lambda x: (x, amp * np.sin(x + phase).astype("float32")))(np.random.uniform(-5, 5, (k, 1)).astype("float32"))
    return pair(), pair()


model = SineModel()
model(tf.zeros((1, 1)))
opt = tf.keras.optimizers.Adam(1e-3)
for i in range(20):
    loss = meta_step(model, opt, [sample_task() for _ in range(4)])
print(float(loss))
