import tensorflow as tf
from tensorflow import keras

config = {"base_lr": 1e-3, "lr_multiplier": {"backbone": 0.1}}


def rate_for(part):
    return config["base_lr"] * config["lr_multiplier"].get(part, 0)


class FineTuned(keras.Model):
    def __init__(self):
        super().__init__()
        self.features = keras.layers.Dense(16, activation="relu", name="features")
        self.top = keras.layers.Dense(3, name="top")

    def call(self, x):
        return self.top(self.features(x))


keras.utils.set_random_seed(2)
x = tf.random.normal((240, 8))
y = tf.argmax(x[:, :3], axis=1)
model = FineTuned()
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=rate_for("classifier")),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(x, y, batch_size=40, epochs=5, verbose=2)
