import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(64)
x = np.random.randn(200, 5).astype("float32")
y = (x[:, :1] - x[:, 4:] ** 2).astype("float32")
where = os.path.join(tempfile.mkdtemp(), "half.weights.h5")


class Session:
    def __init__(self, resume=None):
        self.model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, activation="relu", name="r1"),
                                       keras.layers.Dense(1, name="r2")])
        self.optimizer = keras.optimizers.SGD(0.02, momentum=0.95)
        if resume:
            self.model.load_weights(resume)

    def run(self, epochs):
        for epoch in range(epochs):
            for i in range(0, 200, 40):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(self.model(x[i:i + 40]) - y[i:i + 40]))
                grads = tape.gradient(loss, self.model.trainable_variables)
                self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
            print("loss", float(loss))


first = Session()
first.run(4)
first.model.save_weights(where)
second = Session(resume=where)
second.run(4)
