"""FGSM inside the step: one tape for the input, another for the weights."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(46)
model = keras.Sequential(
    [keras.layers.Input((8, 8, 1)), keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.Flatten(), keras.layers.Dense(2)]
)
optimizer = keras.optimizers.Adam(3e-3)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def fgsm(x, y, eps=0.1):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        loss = loss_fn(y, model(x, training=False))
    return tf.stop_gradient(x + eps * tf.sign(tape.gradient(loss, x)))


@tf.function
def train_step(x, y):
    attacked = fgsm(x, y)
    with tf.GradientTape() as tape:
        clean = loss_fn(y, model(x, training=True))
        robust = loss_fn(y, model(attacked, training=True))
        loss = 0.5 * clean + 0.5 * robust
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


images = tf.random.uniform((512, 8, 8, 1))
labels = tf.cast(tf.reduce_mean(images[:, :4], axis=[1, 2, 3]) > tf.reduce_mean(images[:, 4:], axis=[1, 2, 3]), tf.int32)
dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(64)
for epoch in range(8):
    for x, y in dataset:
        loss = train_step(x, y)
    print("epoch %d loss %.4f" % (epoch, loss))
