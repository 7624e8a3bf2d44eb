import time

import numpy as np
import tensorflow as tf

keras = tf.keras


def build(classes=4):
    inputs = keras.Input((12, 12, 1))
    h = keras.layers.Conv2D(8, 3, activation="relu", name="conv_a")(inputs)
    h = keras.layers.MaxPooling2D()(h)
    h = keras.layers.Conv2D(12, 3, activation="relu", name="conv_b")(h)
    h = keras.layers.GlobalAveragePooling2D()(h)
    return keras.Model(inputs, keras.layers.Dense(classes, name="head")(h))


class MicroBatcher:
    """Applies the mean gradient of `every` micro-batches."""

    def __init__(self, model, optimizer, every=4):
        self.model, self.optimizer, self.every = model, optimizer, every
        self.loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.sums = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in model.trainable_variables]
        self.seen = 0

    def gather(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.loss_fn(y, self.model(x, training=True))
        for s, g in zip(self.sums, tape.gradient(loss, self.model.trainable_variables)):
            s.assign_add(g / float(self.every))
        return loss

    def flush(self):
        grads = [s.read_value() for s in self.sums]
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        for s in self.sums:
            s.assign(tf.zeros_like(s))

    @tf.function
    def step(self, x, y):
        loss = self.gather(x, y)
        self.seen += 1
        if self.seen % self.every == 0:
            self.flush()
        return loss


def stripes(n, seed):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 4, n)
    grid = np.stack(np.meshgrid(np.arange(12), np.arange(12)), -1)
    angle = label * np.pi / 4
    phase = grid[None, ..., 0] * np.cos(angle)[:, None, None] + grid[None, ..., 1] * np.sin(angle)[:, None, None]
    return (np.sin(phase * 1.5) + rng.normal(0, 0.2, phase.shape)).astype("float32")[..., None], label.astype("int32")


keras.utils.set_random_seed(4)
x, y = stripes(384, 1)
vx, vy = stripes(96, 2)
model = build()
trainer = MicroBatcher(model, keras.optimizers.Adam(2e-2))
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(384, seed=3).batch(8)
for epoch in range(4):
    start = time.perf_counter()
    losses = [float(trainer.step(a, b)) for a, b in data]
    right = np.mean(np.argmax(model(vx).numpy(), 1) == vy)
    print(f"epoch {epoch}: loss {np.mean(losses):.3f} valid {right:.3f} steps {trainer.seen}")
