"""Validation, a rate that halves on plateaus, early stopping, and the best weights restored."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(93)
x = np.random.default_rng(93).normal(size=(600, 5)).astype("float32")
y = np.tanh(x[:, :1] * x[:, 1:2]) + 0.1 * x[:, 2:3]
train = tf.data.Dataset.from_tensor_slices((x[:450], y[:450])).shuffle(450).batch(50)
valid = tf.data.Dataset.from_tensor_slices((x[450:], y[450:])).batch(50)
model = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(learning_rate=2e-2)
mse = keras.losses.MeanSquaredError()


@tf.function
def train_step(xb, yb):
    with tf.GradientTape() as tape:
        loss = mse(yb, model(xb, training=True))
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss


@tf.function
def validate(xb, yb):
    return mse(yb, model(xb, training=False))


best, best_weights, patience = np.inf, model.get_weights(), 0
for epoch in range(15):
    for batch in train:
        train_step(*batch)
    score = float(np.mean([validate(*batch) for batch in valid]))
    if score < best - 1e-4:
        best, best_weights, patience = score, model.get_weights(), 0
    else:
        patience += 1
        if patience == 2:
            optimizer.learning_rate.assign(float(optimizer.learning_rate.numpy()) * 0.5)
        if patience > 4:
            break
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", score)
model.set_weights(best_weights)
print("best loss", float(np.mean([validate(*batch) for batch in valid])))
