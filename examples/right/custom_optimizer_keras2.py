"""An optimizer of one's own in tf-keras (Keras 2): Lion, which moves by signs.

The twin of custom_optimizer_keras3.py; what differs is what the base class asks
for. Here `build` sets the learning rate up, `update_step` gets no rate, and slots
are found by `self._index_dict` with the key of the variable. Methods of the older
optimizers (`_resource_apply_dense`) would never be called.
"""

import tensorflow as tf
import tf_keras as keras

keras.utils.set_random_seed(14)


class Lion(keras.optimizers.Optimizer):
    """Sign of a blend of gradient and momentum (Chen and others, 2023)."""

    def __init__(self, learning_rate=1e-3, beta_1=0.9, beta_2=0.99, name="Lion", **options):
        super().__init__(name=name, **options)
        self._learning_rate = self._build_learning_rate(learning_rate)
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def build(self, var_list):
        super().build(var_list)
        if getattr(self, "_built", False):
            return
        self._built = True
        self.momenta = [
            self.add_variable_from_reference(model_variable=one, variable_name="momentum")
            for one in var_list
        ]

    def update_step(self, gradient, variable):
        rate = tf.cast(self.learning_rate, variable.dtype)
        momentum = self.momenta[self._index_dict[self._var_key(variable)]]
        gradient = tf.convert_to_tensor(gradient)
        blend = self.beta_1 * momentum + (1.0 - self.beta_1) * gradient
        variable.assign_sub(rate * tf.sign(blend))
        momentum.assign(self.beta_2 * momentum + (1.0 - self.beta_2) * gradient)

    def get_config(self):
        rate = self._serialize_hyperparameter(self._learning_rate)
        own = {"learning_rate": rate, "beta_1": self.beta_1, "beta_2": self.beta_2}
        return {**super().get_config(), **own}


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
