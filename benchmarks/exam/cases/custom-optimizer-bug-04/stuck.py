import tensorflow as tf
import keras
import numpy as np

keras.utils.set_random_seed(4)


class Lion(keras.optimizers.Optimizer):
    def __init__(self, learning_rate=1e-3, beta=0.9, slow=0.99, **kwargs):
        super().__init__(learning_rate=learning_rate, name="lion", **kwargs)
        self.beta, self.slow = beta, slow

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.moments = [self.add_variable_from_reference(v, name="moment") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        m = self.moments[self._get_variable_index(variable)]
        rate = keras.ops.cast(learning_rate, variable.dtype)
        direction = keras.ops.sign(self.beta * m + (1 - self.beta) * gradient)
        variable = variable - rate * direction
        self.assign(m, self.slow * m + (1 - self.slow) * gradient)


def blobs(n):
    y = np.random.randint(0, 4, n)
    x = np.eye(4)[y] @ np.random.RandomState(1).randn(4, 6) + 0.3 * np.random.randn(n, 6)
    return x.astype("float32"), y


class Perceiver(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = keras.Sequential([keras.layers.Dense(20, activation="gelu"), keras.layers.LayerNormalization(), keras.layers.Dense(4)])

    def call(self, x):
        return self.body(x)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        return {"loss": loss}


model = Perceiver()
model.compile(optimizer=Lion(3e-3), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
x, y = blobs(256)
model.fit(x, y, epochs=3, batch_size=32, verbose=0)
print("accuracy", float(np.mean(np.argmax(model.predict(x, verbose=0), 1) == y)))
