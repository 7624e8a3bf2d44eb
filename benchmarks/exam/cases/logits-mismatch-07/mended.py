import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

HP = {
    "backbone": {"kind": "cnn", "filters": [8, 16]},
    "head": {"units": 32, "classes": 3, "activation": "softmax"},
    "loss": "categorical_crossentropy",
    "optim": {"name": "adam", "lr": 3e-3},
}


class Backbone(layers.Layer):
    def __init__(self, kind, filters):
        super().__init__()
        self.stack = [layers.Conv2D(f, 3, strides=2, padding="same", activation="relu") for f in filters]
        self.pool = layers.GlobalAveragePooling2D()

    def call(self, x):
        for c in self.stack:
            x = c(x)
        return self.pool(x)


class Head(layers.Layer):
    def __init__(self, units, classes, activation):
        super().__init__()
        self.hidden = layers.Dense(units, activation="relu")
        self.out = layers.Dense(classes, activation=activation)

    def call(self, x):
        return self.out(self.hidden(x))


class Classifier(keras.Model):
    def __init__(self, hp):
        super().__init__()
        self.backbone, self.head = Backbone(**hp["backbone"]), Head(**hp["head"])

    def call(self, x):
        return self.head(self.backbone(x))


def make_optimizer(name, lr):
    return {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[name](lr)


def fit(hp, x, y, epochs=5, bs=40):
    model, opt = Classifier(hp), make_optimizer(**hp["optim"])
    loss_fn = keras.losses.get(hp["loss"])
    for e in range(epochs):
        for i in range(0, len(x), bs):
            with tf.GradientTape() as tape:
                out = model(x[i:i + bs])
                loss = tf.reduce_mean(loss_fn(y[i:i + bs], out))
            grads = tape.gradient(loss, model.trainable_variables)
            opt.apply_gradients(zip(grads, model.trainable_variables))
        print(e, float(loss))


keras.utils.set_random_seed(86)
k = np.random.randint(0, 3, 240)
x = np.random.rand(240, 12, 12, 1).astype("float32") * 0.4
for i, c in enumerate(k):
    x[i, 4 * c:4 * c + 4] += 0.6
fit(HP, x, np.eye(3, dtype="float32")[k])
