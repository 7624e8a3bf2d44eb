import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(77)
rng = np.random.default_rng(77)


def sample_task():
    phase, height = rng.uniform(0, 1), rng.uniform(1.5, 2.5)

    def draw(n):
        x = rng.uniform(-2, 2, (n, 1)).astype("float32")
        return x, (height * np.sin(x + phase)).astype("float32")
    return draw


class Reptile:
    def __init__(self, model, inner_lr=0.05, outer_rate=0.3, inner_steps=5):
        self.model, self.outer_rate, self.inner_steps = model, outer_rate, inner_steps
        self.inner = tf.keras.optimizers.SGD(inner_lr)

    def adapt(self, draw):
        for _ in range(self.inner_steps):
            x, y = draw(20)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self.model(x) - y))
            grads = tape.gradient(loss, self.model.trainable_variables)
            self.inner.apply_gradients(zip(grads, self.model.trainable_variables))

    def outer_step(self):
        draw = sample_task()
        before = self.model.get_weights()
        self.adapt(draw)
        after = self.model.get_weights()
        before = [b + self.outer_rate * (a - b) for b, a in zip(before, after)]
        self.model.set_weights(before)
        x, y = draw(50)
        return float(tf.reduce_mean(tf.square(self.model(x) - y)))


model = tf.keras.Sequential([
    layers.Input((1,)), layers.Dense(20, activation="tanh", name="meta_in"), layers.Dense(1, name="meta_out")])
learner = Reptile(model)
losses = [learner.outer_step() for _ in range(50)]
for k in range(0, 50, 10):
    print(f"task {k}: loss before adaptation {np.mean(losses[k:k + 10]):.4f}")
