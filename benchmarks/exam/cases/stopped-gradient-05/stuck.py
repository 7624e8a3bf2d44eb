import numpy as np
import tensorflow as tf
from tensorflow import keras


def augment(images):
    noise = tf.random.normal(tf.shape(images), stddev=0.1)
    keep = tf.cast(tf.random.uniform(tf.shape(images)) > 0.2, tf.float32)
    return images * keep + noise


def normalise(z):
    return z / tf.sqrt(tf.reduce_sum(tf.square(z), axis=1, keepdims=True) + 1e-8)


class SimCLR(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.encoder = keras.Sequential([
            keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(16),
        ], name="encoder")
        self.head = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(8)], name="head")
        self.temperature = self.add_weight(shape=(), initializer=keras.initializers.Constant(0.5), name="temperature")
        self.tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.tracker]

    def contrast(self, a, b):
        a, b = normalise(a), normalise(b)
        similarity = tf.matmul(a, b, transpose_b=True) / self.temperature
        labels = tf.range(tf.shape(a)[0])
        forth = keras.losses.sparse_categorical_crossentropy(labels, similarity, from_logits=True)
        back = keras.losses.sparse_categorical_crossentropy(labels, tf.transpose(similarity), from_logits=True)
        return tf.reduce_mean(forth + back) / 2.0

    def train_step(self, images):
        first, second = augment(images), augment(images)
        with tf.GradientTape() as tape:
            a = self.head(tf.stop_gradient(self.encoder(first, training=True)))
            b = self.head(tf.stop_gradient(self.encoder(second, training=True)))
            loss = self.contrast(a, b)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}


keras.utils.set_random_seed(2)
images = np.random.default_rng(2).normal(size=(192, 8, 8, 1)).astype("float32")
images[::24] = 0.0
model = SimCLR()
model.encoder(images[:1])
model.head(tf.zeros([1, 16]))
model.compile(optimizer=keras.optimizers.Adam(1e-3))
model.fit(tf.data.Dataset.from_tensor_slices(images).batch(32), epochs=3, verbose=0)
print("contrastive", float(model.tracker.result()))
