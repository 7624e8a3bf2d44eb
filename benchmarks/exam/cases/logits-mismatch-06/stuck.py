import numpy as np
import tensorflow as tf
from tensorflow import keras


class Classifier(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.hidden = keras.layers.Dense(32, activation="relu")
        self.logits = keras.layers.Dense(classes)

    def call(self, x):
        return tf.nn.log_softmax(self.logits(self.hidden(x)))


keras.utils.set_random_seed(64)
x = np.random.randn(300, 6).astype("float32")
y = np.argmax(x[:, :3], axis=1)
model = Classifier(3)
optimizer = keras.optimizers.Adam(0.01)

for epoch in range(30):
    with tf.GradientTape() as tape:
        out = model(x)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, out))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if epoch % 10 == 0:
        print(epoch, float(loss))
