import numpy as np
import tensorflow as tf
from tensorflow import keras


def positive(raw):
    return tf.math.softplus(raw)


class Vasicek(tf.Module):
    """Short rates that go back to a mean."""

    def __init__(self, start):
        super().__init__(name="vasicek")
        self.raw = {name: tf.Variable(value, name=name) for name, value in start.items()}

    def parameters(self):
        return {name: positive(value) if name in ("reversion", "noise") else value
                for name, value in self.raw.items()}

    def negative_log_likelihood(self, rates, dt):
        p = self.parameters()
        drift = p["reversion"] * (p["mean"] - rates[:-1]) * dt
        spread = (p["noise"] + 1e-3) * np.sqrt(dt)
        score = (rates[1:] - rates[:-1] - drift) / spread
        return tf.reduce_mean(0.5 * tf.square(score) + tf.math.log(spread))


def simulate(years, dt, seed):
    rng = np.random.default_rng(seed)
    rates = [2.0]
    for _ in range(int(years / dt)):
        rates.append(rates[-1] + 1.2 * (3.0 - rates[-1]) * dt + 0.6 * np.sqrt(dt) * rng.normal())
    return np.array(rates, "float32")


def main(steps=150, dt=1 / 52):
    rates = simulate(12, dt, seed=3)
    model = Vasicek({"reversion": -0.2, "mean": 2.5, "noise": 0.4})
    variables = list(model.trainable_variables)
    optimizer = keras.optimizers.Adam(0.03)
    for step in range(steps):
        with tf.GradientTape() as tape:
            loss = model.negative_log_likelihood(rates, dt)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        if step % 30 == 0:
            print(step, loss.numpy(), {name: round(float(value), 3) for name, value in model.parameters().items()})


main()
