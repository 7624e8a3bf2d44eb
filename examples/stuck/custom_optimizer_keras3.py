"""An optimizer of one's own in Keras 3; its momentum does not remember.

It trains, and not as well as it should. Ask gradproof what its state does:

    gradproof run examples/stuck/custom_optimizer_keras3.py
"""

import keras
import tensorflow as tf
from keras import ops

keras.utils.set_random_seed(14)


class Lion(keras.optimizers.Optimizer):
    """Sign of a blend of gradient and momentum (Chen and others, 2023)."""

    def __init__(self, learning_rate=1e-3, beta_1=0.9, beta_2=0.99, name="lion", **options):
        super().__init__(learning_rate=learning_rate, name=name, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momenta = [ops.zeros_like(one) for one in variables]

    def update_step(self, gradient, variable, learning_rate):
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        index = self._get_variable_index(variable)
        momentum = self.momenta[index]
        blend = self.beta_1 * momentum + (1.0 - self.beta_1) * gradient
        self.assign_sub(variable, rate * ops.sign(blend))
        self.momenta[index] = self.beta_2 * momentum + (1.0 - self.beta_2) * gradient

    def get_config(self):
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}


model = keras.Sequential(
    [
        keras.layers.Input((8,)),
        keras.layers.Dense(24, activation="relu"),
        keras.layers.Dense(3),
    ]
)
optimizer = Lion(learning_rate=3e-3, weight_decay=1e-3)
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = cross_entropy(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


x = tf.random.normal((768, 8))
y = tf.argmax(x[:, :3] + 0.5 * x[:, 3:6] * x[:, 5:8], axis=1)
batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(768, seed=14).batch(64)
for epoch in range(1, 9):
    losses = [float(step(x, y)) for x, y in batches]
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}")
