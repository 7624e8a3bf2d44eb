import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(54)
rng = np.random.default_rng(54)


def jitter(image):
    return (image + rng.normal(0, 0.05, image.shape)).astype("float32")


def augment(image, label):
    noisy = tf.numpy_function(jitter, [image], tf.float32)
    noisy.set_shape(image.shape)
    return noisy, label


images = rng.random((40, 6, 6, 1)).astype("float32")
labels = (images.mean(axis=(1, 2, 3)) > 0.5).astype("int64")
dataset = tf.data.Dataset.from_tensor_slices((images, labels)).map(augment).batch(10)
model = tf.keras.Sequential([
    tf.keras.Input((6, 6, 1)),
    tf.keras.layers.Conv2D(4, 3, activation="relu"),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(2, activation="softmax"),
])
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy()
optimizer = tf.keras.optimizers.SGD(0.1)


def smooth(x):
    return tf.py_function(lambda v: tf.sqrt(tf.square(v) + 1e-4), [x], tf.float32)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        probabilities = model(x, training=True)
        loss = smooth(loss_fn(y, probabilities))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(2):
    for x, y in dataset:
        loss = train_step(x, y)
    print(epoch, float(loss))
