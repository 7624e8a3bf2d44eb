import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(13)
rng = np.random.default_rng(13)
square_metres = rng.uniform(40, 220, size=(400, 1)).astype("float32")
rooms = rng.integers(1, 8, size=(400, 1)).astype("float32")
x = np.concatenate([square_metres, rooms], axis=1)
price = (1.9 * square_metres + 12.0 * rooms + rng.normal(size=(400, 1))).astype("float32")

model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1, name="linear")])
optimizer = tf.keras.optimizers.SGD(learning_rate=0.01)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs, training=True) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(6):
    for i in range(0, 400, 40):
        loss = train_step(x[i:i + 40], price[i:i + 40])
    print("epoch", epoch, "loss", float(loss))
