import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(11)
rng = np.random.default_rng(11)
features = rng.normal(size=(240, 6)).astype("float32")
targets = (features[:, :1] * features[:, 1:2] + 0.3).astype("float32")


class Frozen(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.project = keras.layers.Dense(16, activation="tanh", name="project")

    def build(self, shape):
        self.project.build(shape)

    def call(self, inputs):
        return self.project(inputs)


encoder = Frozen(name="encoder")
encoder.trainable = False
classifier = keras.Sequential([keras.Input((6,)), encoder, keras.layers.Dense(16, activation="tanh"),
                               keras.layers.Dense(1)])
classifier.trainable = True
opt = keras.optimizers.SGD(0.05)

for step in range(60):
    batch = slice(40 * (step % 6), 40 * (step % 6) + 40)
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(classifier(features[batch]) - targets[batch]))
    variables = classifier.trainable_variables
    opt.apply_gradients(zip(tape.gradient(error, variables), variables))
    if step % 10 == 0:
        print(step, float(error))
