import numpy as np
import tensorflow as tf

OPTIMIZERS = {
    "momentum": lambda lr: tf.keras.optimizers.SGD(lr, momentum=0.95),
    "adam": lambda lr: tf.keras.optimizers.Adam(lr),
}


def get_optimizer(name, lr):
    return OPTIMIZERS[name](lr)


def train_epoch(model, x, y, batch, optimizer):
    losses = []
    for i in range(0, len(x), batch):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x[i:i + batch]) - y[i:i + batch]))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        losses.append(float(loss))
    return np.mean(losses)


def train(model, x, y, name="momentum", lr=0.005, epochs=8, batch=20):
    optimizer = get_optimizer(name, lr)
    for epoch in range(epochs):
        optimizer.learning_rate.assign(lr * 0.97 ** epoch)
        loss = train_epoch(model, x, y, batch, optimizer)
        print("epoch", epoch, "loss", loss)


tf.keras.utils.set_random_seed(76)
x = np.random.randn(200, 6).astype("float32")
y = (x[:, :1] * 2 + x[:, 1:2]).astype("float32")
bilinear = tf.keras.Sequential([
    tf.keras.layers.Input((6,)),
    tf.keras.layers.Dense(10, activation="tanh"),
    tf.keras.layers.Dense(1),
], name="bilinear")
train(bilinear, x, y)
