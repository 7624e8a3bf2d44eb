import numpy as np
import tensorflow as tf
import keras


def get_optimizer(name, rate):
    return {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}[name](learning_rate=rate)


def train_epoch(model, x, y, args):
    optimizer = get_optimizer(args["optimizer"], args["rate"])
    order = np.random.permutation(len(x))
    losses = []
    for part in np.array_split(order, args["batches"]):
        with tf.GradientTape() as tape:
            predictions = model(x[part], training=True)
            loss = tf.reduce_mean(tf.square(predictions - y[part]))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        losses.append(loss.numpy())
    return np.mean(losses)


def main(args):
    keras.utils.set_random_seed(args["seed"])
    x = np.random.normal(size=(48, 5)).astype("float32")
    y = np.prod(x[:, :2], axis=1, keepdims=True)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(24, activation="tanh"), keras.layers.Dense(1)])
    for epoch in range(args["epochs"]):
        print(epoch, train_epoch(model, x, y, args))


main({"optimizer": "adam", "rate": 0.01, "batches": 3, "epochs": 12, "seed": 0})
