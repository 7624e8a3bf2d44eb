import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(70)
x = np.random.randn(300, 6).astype("float32")
targets = {"a": np.tanh(x[:, :1] + x[:, 1:2]), "b": np.abs(x[:, 2:3]) - 0.5}
shared = keras.layers.Dense(24, activation="relu", name="shared")
heads = {"a": keras.layers.Dense(1, name="head_a"), "b": keras.layers.Dense(1, name="head_b")}
inputs = keras.layers.Input((6,))
nets = {k: keras.Model(inputs, head(shared(inputs))) for k, head in heads.items()}

EPOCHS, BATCH = 10, 30
total_steps = EPOCHS * len(x) // BATCH
cosine = keras.optimizers.schedules.CosineDecay(0.02, total_steps)
optimizer = keras.optimizers.Adam(cosine)
everything = shared.trainable_variables + heads["a"].trainable_variables + heads["b"].trainable_variables
optimizer.build(everything)


def train_step(rows):
    losses = {}
    for task, net in nets.items():
        with tf.GradientTape() as tape:
            losses[task] = tf.reduce_mean(tf.square(net(x[rows]) - targets[task][rows]))
        grads = tape.gradient(losses[task], net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return losses


for epoch in range(EPOCHS):
    order = np.random.permutation(len(x))
    for i in range(0, len(x), BATCH):
        losses = train_step(order[i:i + BATCH])
    print("epoch", epoch, *[f"{k} {float(v):.4f}" for k, v in losses.items()])
