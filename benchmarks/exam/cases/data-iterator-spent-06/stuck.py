import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(68)


def samples():
    rng = np.random.default_rng(0)
    for _ in range(128):
        a = rng.normal(size=3).astype("float32")
        yield a, a.max(keepdims=True)


gen = samples()
dataset = tf.data.Dataset.from_generator(lambda: gen, output_signature=(
    tf.TensorSpec((3,), tf.float32), tf.TensorSpec((1,), tf.float32))).batch(16)
model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.Adam(0.01)
mse = tf.keras.metrics.Mean()


@tf.function
def train_step(a, b):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(a) - b))
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    mse.update_state(loss)


for epoch in range(6):
    for a, b in dataset:
        train_step(a, b)
    print("epoch", epoch, "loss", float(mse.result()))
