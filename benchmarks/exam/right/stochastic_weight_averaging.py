"""SWA: after burn-in the weights are averaged; statistics of the average are made anew at the end."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(73)


def make():
    return keras.Sequential(
        [keras.layers.Input((6,)), keras.layers.Dense(32), keras.layers.BatchNormalization(momentum=0.9), keras.layers.ReLU(), keras.layers.Dense(1)]
    )


model, swa = make(), make()
optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
x = tf.random.normal((512, 6))
y = tf.sin(x[:, :1]) + 0.3 * tf.random.normal((512, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(512, seed=1).batch(32)


@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb, training=True) - yb) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


count = 0
for epoch in range(12):
    losses = [float(step(xb, yb)) for xb, yb in ds]
    if epoch >= 6:
        count += 1
        for a, v in zip(swa.trainable_variables, model.trainable_variables):
            a.assign(a + (v - a) / count if count > 1 else tf.convert_to_tensor(v))
    if epoch % 4 == 3:
        print("epoch", epoch, "loss", sum(losses) / len(losses))
for xb, _ in ds:
    swa(xb, training=True)
print("averaged, loss", float(tf.reduce_mean((swa(x) - y) ** 2)))
