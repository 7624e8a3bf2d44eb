import numpy as np
import tensorflow as tf
from tensorflow import keras


class Signum(keras.optimizers.Optimizer):
    """Momentum, of which only the sign is used."""

    def __init__(self, learning_rate=0.001, momentum=0.9, name="signum", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.m = [self.add_variable_from_reference(v, name="m") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        gradient = tf.convert_to_tensor(gradient)
        m = self.m[self._get_variable_index(variable)]
        m.assign(self.momentum * m + (1.0 - self.momentum) * gradient)
        variable.assign_sub(tf.cast(learning_rate, variable.dtype) * tf.sign(m))

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


class Tagger(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed = keras.layers.Embedding(40, 12)
        self.rnn = keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True))
        self.norm = keras.layers.LayerNormalization()
        self.tags = keras.layers.Dense(5)

    def call(self, tokens):
        return self.tags(self.norm(self.rnn(self.embed(tokens))))


keras.utils.set_random_seed(6)
rng = np.random.default_rng(6)
tokens = rng.integers(0, 40, (256, 9)).astype("int32")
tags = tokens % 5
tagger = Tagger()
optimizer = Signum(2e-3)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def epoch(dataset):
    total = tf.constant(0.0)
    for x, y in dataset:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, tagger(x))
        grads = tape.gradient(loss, tagger.trainable_variables)
        optimizer.apply_gradients(zip(grads, tagger.trainable_variables))
        total += loss
    return total


tagger(tokens[:1])
optimizer.build(tagger.trainable_variables)
dataset = tf.data.Dataset.from_tensor_slices((tokens, tags)).batch(32)
for k in range(4):
    print(k, float(epoch(dataset)))
