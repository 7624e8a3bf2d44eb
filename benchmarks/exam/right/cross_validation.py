"""Five folds, each with a model, an optimizer and a traced step of its own."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(100)
rng = np.random.default_rng(100)
X = rng.normal(size=(200, 4)).astype("float32")
Y = (X[:, :1] * X[:, 1:2]).astype("float32")


def fit_fold(train_rows, test_rows, epochs=25):
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(24, activation="relu"), keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(1e-2)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    history = []
    for _ in range(epochs):
        history.append(float(step(X[train_rows], Y[train_rows])))
    test = float(tf.reduce_mean(tf.square(model(X[test_rows]) - Y[test_rows])))
    return history, test


folds = np.array_split(rng.permutation(200), 3)
for k, test_rows in enumerate(folds):
    train_rows = np.concatenate([f for j, f in enumerate(folds) if j != k])
    history, test = fit_fold(train_rows, test_rows)
    print(f"fold {k}: test {test:.4f}")
    if k == 2:
        print("first loss", history[0])
        print("last loss", history[-1])
