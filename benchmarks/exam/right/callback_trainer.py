"""A small training framework with hooks, in the style of research code bases."""
import time

import tensorflow as tf
from tensorflow import keras


class Hook:
    def before_train(self, trainer): ...

    def after_step(self, trainer, logs): ...

    def after_epoch(self, trainer, logs): ...


class Printer(Hook):
    def before_train(self, trainer):
        self.started = time.perf_counter()

    def after_epoch(self, trainer, logs):
        print(f"epoch {trainer.epoch} loss {logs['loss']:.4f}")


class LinearDecay(Hook):
    def __init__(self, start, total):
        self.start, self.total = start, total

    def after_step(self, trainer, logs):
        fraction = min(1.0, trainer.global_step / self.total)
        trainer.optimizer.learning_rate.assign(self.start * (1.0 - 0.9 * fraction))


class Trainer:
    def __init__(self, model, optimizer, objective, hooks=()):
        self.model, self.optimizer, self.objective = model, optimizer, objective
        self.hooks = list(hooks)
        self.global_step = self.epoch = 0
        self.step_fn = tf.function(self.train_step)

    def train_step(self, batch):
        x, y = batch
        with tf.GradientTape() as tape:
            loss = self.objective(y, self.model(x, training=True))
        weights = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}

    def _call(self, name, *args):
        for hook in self.hooks:
            getattr(hook, name)(self, *args)

    def fit(self, data, epochs):
        self._call("before_train")
        for self.epoch in range(epochs):
            sums, count = 0.0, 0
            for batch in data:
                logs = self.step_fn(batch)
                self.global_step += 1
                sums, count = sums + float(logs["loss"]), count + 1
                self._call("after_step", logs)
            self._call("after_epoch", {"loss": sums / count})


keras.utils.set_random_seed(106)
x = tf.random.normal((512, 6))
y = tf.cast(tf.reduce_sum(x[:, :2], 1, keepdims=True) > 0, tf.float32)
net = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
trainer = Trainer(
    net,
    keras.optimizers.Adam(1e-2),
    keras.losses.BinaryCrossentropy(from_logits=True),
    [Printer(), LinearDecay(1e-2, 80)],
)
trainer.fit(tf.data.Dataset.from_tensor_slices((x, y)).shuffle(512).batch(64), epochs=5)
