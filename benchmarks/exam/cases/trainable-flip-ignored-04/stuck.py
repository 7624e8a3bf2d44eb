import numpy as np
import tensorflow as tf
from tensorflow import keras


def make_base():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="bn")(x)
    x = keras.layers.Activation("relu")(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x), name="base")


class Tuned(keras.Model):
    def __init__(self, base):
        super().__init__()
        self.base = base
        self.drop = keras.layers.Dropout(0.2)
        self.head = keras.layers.Dense(2)

    def call(self, images, training=False):
        features = self.base(images, training=False)
        return self.head(self.drop(features, training=training))


def make_step(model, optimizer):
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            loss = loss_fn(labels, model(images, training=True))
        variables = model.trainable_variables
        grads = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(grads, variables))
        return loss

    return step


keras.utils.set_random_seed(15)
rng = np.random.default_rng(15)
images = rng.normal(size=(128, 8, 8, 3)).astype("float32")
labels = (images[:, :, :, 0].mean((1, 2)) > 0).astype("int64")
data = tf.data.Dataset.from_tensor_slices((images, labels)).batch(32)
base = make_base()
base.trainable = False
model = Tuned(base)
model(images[:1])
step = make_step(model, keras.optimizers.Adam(1e-2))
for epoch in range(2):
    for x, y in data:
        loss = step(x, y)
base.trainable = True
for epoch in range(2):
    for x, y in data:
        loss = step(x, y)
print("loss", float(loss))
