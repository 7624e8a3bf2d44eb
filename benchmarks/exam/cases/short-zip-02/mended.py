import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(98)
x = np.random.randn(160, 5).astype("float32")
y = np.exp(-np.abs(x[:, :2])).astype("float32")


class Classifier(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.a = tf.keras.layers.Dense(12, activation="relu", name="a")
        self.b = tf.keras.layers.Dense(12, activation="relu", name="b")
        self.c = tf.keras.layers.Dense(2, name="c")

    def call(self, inputs):
        return self.c(self.b(self.a(inputs)))


model = Classifier()
model(x[:1])
optimizer = tf.keras.optimizers.Adam(0.01)
trainable = model.trainable_variables


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, trainable)
    optimizer.apply_gradients(zip(grads, trainable))
    return loss


for epoch in range(12):
    for i in range(0, 160, 40):
        loss = train_step(x[i:i + 40], y[i:i + 40])
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", float(loss))
