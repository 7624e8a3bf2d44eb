import abc
import typing as tp

import numpy as np
import tensorflow as tf

kl = tf.keras.layers


class Callback(abc.ABC):
    def on_epoch(self, trainer: "VAETrainer", epoch: int, logs: tp.Mapping[str, float]) -> None: ...
    def on_step(self, trainer: "VAETrainer", step: int) -> None: ...


class BetaWarmup(Callback):
    def __init__(self, steps: int, top: float):
        self.steps, self.top = steps, top

    def on_step(self, trainer, step):
        trainer.beta.assign(self.top * min(1.0, (step + 1) / self.steps))


class HalveRate(Callback):
    def __init__(self, every: int):
        self.every = every

    def on_epoch(self, trainer, epoch, logs):
        if (epoch + 1) % self.every == 0:
            trainer.optimizer.learning_rate.assign(trainer.optimizer.learning_rate * 0.5)


class Average(Callback):
    """Exponential average of the weights; `swap` puts it into the model."""

    def __init__(self, variables, decay=0.95):
        self.variables = list(variables)
        self.decay = decay
        self.shadow = [tf.Variable(v, trainable=False) for v in self.variables]

    def on_step(self, trainer, step):
        for s, v in zip(self.shadow, self.variables):
            s.assign_sub((1 - self.decay) * (s - v))

    def swap(self):
        for s, v in zip(self.shadow, self.variables):
            kept = tf.identity(v)
            v.assign(s)
            s.assign(kept)


class Printer(Callback):
    def on_epoch(self, trainer, epoch, logs):
        print(epoch, {k: round(v, 4) for k, v in logs.items()})


class Sampling(kl.Layer):
    def call(self, inputs):
        mean, log_var = inputs
        return mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))


def encoder(dim: int, latent: int) -> tf.keras.Model:
    x = kl.Input((dim,))
    h = kl.Dense(32)(x)
    h = kl.BatchNormalization(momentum=0.9)(h)
    h = kl.Activation("elu")(h)
    mean, log_var = kl.Dense(latent, name="mean")(h), kl.Dense(latent, name="log_var")(h)
    return tf.keras.Model(x, [mean, log_var, Sampling()([mean, log_var])], name="encoder")


def decoder(dim: int, latent: int) -> tf.keras.Model:
    z = kl.Input((latent,))
    h = kl.Dense(32, activation="elu")(z)
    return tf.keras.Model(z, kl.Dense(dim, name="pixels")(h), name="decoder")


class VAETrainer:
    def __init__(self, dim=16, latent=2, rate=4e-3, clip=1.0, callbacks: tp.Sequence[Callback] = ()):
        self.encoder, self.decoder = encoder(dim, latent), decoder(dim, latent)
        self.optimizer = tf.keras.optimizers.Adam(rate)
        self.beta = tf.Variable(0.0, trainable=False, name="beta")
        self.clip = clip
        self.callbacks = list(callbacks)

    @property
    def weights(self):
        return self.encoder.trainable_variables + self.decoder.trainable_variables

    def elbo_terms(self, x, training):
        mean, log_var, z = self.encoder(x, training=training)
        logits = self.decoder(z, training=training)
        bits = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
        rebuild = tf.reduce_mean(tf.reduce_sum(bits, axis=1))
        divergence = -0.5 * tf.reduce_mean(tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=1))
        return rebuild, divergence

    @tf.function
    def step(self, x):
        with tf.GradientTape() as tape:
            rebuild, divergence = self.elbo_terms(x, training=True)
            loss = rebuild + self.beta * divergence
        grads = tape.gradient(loss, self.weights)
        grads = [tf.clip_by_value(g, -self.clip, self.clip) for g in grads]
        self.optimizer.apply_gradients(list(zip(grads, self.weights)))
        return {"loss": loss, "rebuild": rebuild, "divergence": divergence}

    def fit(self, ds, epochs):
        step = 0
        for epoch in range(epochs):
            sums: tp.Dict[str, float] = {}
            for n, x in enumerate(ds, 1):
                for cb in self.callbacks:
                    cb.on_step(self, step)
                for k, v in self.step(x).items():
                    sums[k] = sums.get(k, 0.0) + float(v)
                step += 1
            for cb in self.callbacks:
                cb.on_epoch(self, epoch, {k: v / n for k, v in sums.items()})


tf.keras.utils.set_random_seed(77)
rng = np.random.default_rng(77)
patterns = (rng.random((6, 16)) > 0.5).astype("float32")
x = np.abs(patterns[rng.integers(0, 6, 480)] - (rng.random((480, 16)) < 0.05)).astype("float32")
trainer = VAETrainer(callbacks=[BetaWarmup(30, 0.5), HalveRate(3), Printer()])
average = Average(trainer.weights)
trainer.callbacks.append(average)
trainer.fit(tf.data.Dataset.from_tensor_slices(x).shuffle(480, seed=3).batch(48), 5)
average.swap()
print([float(v) for v in trainer.elbo_terms(tf.constant(x), training=False)])
