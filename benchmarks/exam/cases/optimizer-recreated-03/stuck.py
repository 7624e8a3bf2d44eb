import collections
import logging

import numpy as np
import tensorflow as tf

logging.basicConfig(level=logging.WARNING)
log = logging.getLogger("forecast")


class Callback:
    def on_epoch_start(self, trainer, epoch):
        pass

    def on_epoch_end(self, trainer, epoch, logs):
        pass


class History(Callback):
    def __init__(self):
        self.rows = collections.defaultdict(list)

    def on_epoch_end(self, trainer, epoch, logs):
        for key, value in logs.items():
            self.rows[key].append(value)


class StepDecay(Callback):
    def __init__(self, every=2, factor=0.5):
        self.every, self.factor = every, factor

    def on_epoch_end(self, trainer, epoch, logs):
        if (epoch + 1) % self.every == 0:
            trainer.lr *= self.factor
            trainer.optimizer.learning_rate.assign(trainer.lr)
            log.info("rate is now %g", trainer.lr)


class Trainer:
    def __init__(self, model, lr=5e-3, max_norm=0.3, callbacks=()):
        self.model = model
        self.lr = lr
        self.max_norm = max_norm
        self.callbacks = list(callbacks)
        self.criterion = tf.keras.losses.Huber()
        self.optimizer = tf.keras.optimizers.Adam(self.lr)

    def clip(self, grads):
        clipped, norm = tf.clip_by_global_norm(grads, self.max_norm)
        return clipped, norm

    def train_batch(self, x, y):
        with tf.GradientTape() as tape:
            pred = self.model(x, training=True)
            loss = self.criterion(y, pred)
        grads = tape.gradient(loss, self.model.trainable_variables)
        grads, norm = self.clip(grads)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        return float(loss), float(norm)

    def evaluate(self, data):
        losses = [float(self.criterion(y, self.model(x, training=False))) for x, y in data]
        return float(np.mean(losses))

    def fit(self, train, valid, epochs):
        for epoch in range(epochs):
            self.optimizer = tf.keras.optimizers.Adam(self.lr)
            for cb in self.callbacks:
                cb.on_epoch_start(self, epoch)
            total = [self.train_batch(x, y) for x, y in train]
            logs = {"loss": np.mean([t[0] for t in total]), "norm": np.mean([t[1] for t in total]),
                    "val": self.evaluate(valid)}
            for cb in self.callbacks:
                cb.on_epoch_end(self, epoch, logs)


def windows(series, width=12):
    x = np.stack([series[i:i + width] for i in range(len(series) - width)])
    return x[..., None].astype("float32"), series[width:, None].astype("float32")


tf.keras.utils.set_random_seed(11)
t = np.arange(400)
series = np.sin(t / 6.0) + 0.1 * np.random.default_rng(2).normal(size=400)
x, y = windows(series)
train = tf.data.Dataset.from_tensor_slices((x[:320], y[:320])).shuffle(320, seed=1).batch(32)
valid = tf.data.Dataset.from_tensor_slices((x[320:], y[320:])).batch(34)
model = tf.keras.Sequential([tf.keras.Input((12, 1)), tf.keras.layers.Flatten(),
                             tf.keras.layers.Dense(24, activation="relu"), tf.keras.layers.Dropout(0.1),
                             tf.keras.layers.Dense(1)])
history = History()
Trainer(model, callbacks=[history, StepDecay()]).fit(train, valid, epochs=5)
for row in zip(history.rows["loss"], history.rows["val"]):
    print("loss %.4f val %.4f" % row)
