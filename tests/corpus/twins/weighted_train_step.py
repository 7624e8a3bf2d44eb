import numpy as np
import tensorflow as tf
from tensorflow import keras


class Distiller(keras.Model):
    def __init__(self, student, teacher):
        super().__init__()
        self.student, self.teacher = student, teacher
        self.tracker = keras.metrics.Mean(name="loss")

    def compile(self, optimizer, student_loss, temperature=3.0):
        super().compile(optimizer=optimizer)
        self.student_loss = student_loss
        self.temperature = temperature

    @property
    def metrics(self):
        return [self.tracker]

    def call(self, x):
        return self.student(x)

    def train_step(self, data):
        x, y, _ = data  # stuck
        x, y, sample_weight = data  # mended
        soft = tf.nn.softmax(self.teacher(x, training=False) / self.temperature)
        with tf.GradientTape() as tape:
            logits = self.student(x, training=True)
            hard = self.student_loss(y, logits)  # stuck
            hard = self.student_loss(y, logits, sample_weight=sample_weight)  # mended
            distill = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(soft, logits / self.temperature))
            loss = hard + distill * self.temperature**2
        grads = tape.gradient(loss, self.student.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.student.trainable_variables))
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}


def net(width):
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(width, "relu"), keras.layers.Dense(3)])


d = Distiller(net(16), net(64))
d.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
x = np.random.randn(256, 8).astype("float32")
y = np.random.randint(0, 3, 256)
w = np.where(y == 2, 5.0, 1.0)
d.fit(x, y, sample_weight=w, epochs=2, verbose=0)
