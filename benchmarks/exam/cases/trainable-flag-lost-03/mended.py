import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(120)
folder = tempfile.mkdtemp()


def pretrain(path):
    backbone = keras.Sequential([keras.Input((6,)), layers.Dense(24, activation="tanh", name="feat_a"), layers.Dense(24, activation="tanh", name="feat_b")], name="backbone")
    probe = keras.Sequential([backbone, layers.Dense(1, name="probe")])
    probe.compile(optimizer="adam", loss="mse")
    probe.fit(X, X.mean(1, keepdims=True), epochs=1, verbose=0)
    # probe only, on fixed features
    backbone.trainable = False
    probe.compile(optimizer="adam", loss="mse")
    probe.fit(X, X.sum(1, keepdims=True), epochs=1, verbose=0)
    backbone.save(path)


def finetune(path, epochs=3):
    backbone = keras.models.load_model(path)
    for layer in backbone.layers:
        layer.trainable = True
    head = layers.Dense(1, name="head")
    head.build((None, 24))
    optimizer = keras.optimizers.Adam(0.005)
    weights = backbone.trainable_variables + head.trainable_variables
    print("variables to train:", len(weights))

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(head(backbone(x)) - y))
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return loss

    for epoch in range(epochs):
        losses = [float(step(tf.constant(X[k:k + 32]), tf.constant(Y[k:k + 32]))) for k in range(0, 256, 32)]
        print("epoch", epoch, "loss", round(float(np.mean(losses)), 4))


rng = np.random.default_rng(120)
X = rng.normal(0, 1, (256, 6)).astype("float32")
Y = np.sin(X[:, :1] * 2) * X[:, 1:2]
path = os.path.join(folder, "backbone.keras")
pretrain(path)
finetune(path)
