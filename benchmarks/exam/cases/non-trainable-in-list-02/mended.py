import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(92)
x = np.random.randn(192, 8).astype("float32")
y = (x[:, 0] * x[:, 1] > 0).astype("int32")


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = layers.Dense(16, name="stem")
        self.norm = layers.BatchNormalization(name="norm")
        self.head = layers.Dense(2, name="head")

    def call(self, inputs, training=False):
        return self.head(tf.nn.relu(self.norm(self.stem(inputs), training=training)))

    def train_step(self, data):
        images, labels = data
        with tf.GradientTape() as tape:
            logits = self(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
        return {"ce": loss}


net = Net()
net.compile(optimizer=tf.keras.optimizers.Adam(0.01))
net.fit(x, y, batch_size=32, epochs=6, verbose=2)
