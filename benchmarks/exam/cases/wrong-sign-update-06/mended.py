import numpy as np
import tensorflow as tf
from tensorflow import keras


class Lion(keras.optimizers.Optimizer):
    """Sign of an interpolated momentum (Chen et al. 2023)."""

    def __init__(self, learning_rate=1e-3, beta_1=0.9, beta_2=0.99, decay=0.0, name="lion", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1, self.beta_2, self.decay = beta_1, beta_2, decay

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momenta = [self.add_variable_from_reference(reference_variable=v, name="m") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        lr = keras.ops.cast(learning_rate, variable.dtype)
        g = keras.ops.cast(gradient, variable.dtype)
        m = self.momenta[self._get_variable_index(variable)]
        direction = keras.ops.sign(self.beta_1 * m + (1 - self.beta_1) * g)
        self.assign_sub(variable, lr * (direction + self.decay * variable))
        self.assign(m, self.beta_2 * m + (1 - self.beta_2) * g)

    def get_config(self):
        config = super().get_config()
        config.update(beta_1=self.beta_1, beta_2=self.beta_2, decay=self.decay)
        return config


def rings(n, seed):
    rng = np.random.default_rng(seed)
    which = rng.integers(0, 3, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    radius = 1 + which + rng.normal(0, 0.15, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype("float32"), which


keras.utils.set_random_seed(3)
x, y = rings(900, 0)
model = keras.Sequential([
    keras.Input((2,)),
    keras.layers.Dense(32, activation="gelu", name="first"),
    keras.layers.Dense(32, activation="gelu", name="second"),
    keras.layers.Dense(3, name="scores"),
])
model.compile(
    optimizer=Lion(2e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(x[:700], y[:700], validation_data=(x[700:], y[700:]), batch_size=35, epochs=4, verbose=0)
for key, values in history.history.items():
    print(key, [round(float(v), 3) for v in values])
