"""Distil a wide teacher into a narrow student with fit."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(6)


def mlp(width, name):
    return keras.Sequential([keras.Input((10,)), layers.Dense(width, activation="relu", name=f"{name}_body"),
                             layers.Dense(width, activation="relu", name=f"{name}_mid"), layers.Dense(5, name=f"{name}_head")], name=name)


class Distiller(keras.Model):
    def __init__(self, teacher, student, temperature=3.0, alpha=0.3):
        super().__init__()
        self.teacher, self.student = teacher, student
        self.temperature, self.alpha = temperature, alpha
        self.hard = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.soft = keras.losses.KLDivergence()
        self.track = keras.metrics.Mean(name="loss")
        self.acc = keras.metrics.SparseCategoricalAccuracy(name="acc")

    @property
    def metrics(self):
        return [self.track, self.acc]

    def call(self, x):
        return self.student(x)

    def train_step(self, data):
        x, y = data
        guide = self.teacher(x, training=False)
        with tf.GradientTape() as tape:
            logits = self.student(x, training=True)
            soft = self.soft(tf.nn.softmax(guide / self.temperature), tf.nn.softmax(logits / self.temperature))
            loss = self.alpha * self.hard(y, logits) + (1.0 - self.alpha) * self.temperature ** 2 * soft
        weights = self.student.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        self.track.update_state(loss)
        self.acc.update_state(y, logits)
        return {m.name: m.result() for m in self.metrics}


rng = np.random.default_rng(6)
centres = rng.normal(0, 1.2, (5, 10))
y = rng.integers(0, 5, 640).astype("int32")
x = (centres[y] + rng.normal(0, 0.8, (640, 10))).astype("float32")

teacher = mlp(64, "teacher")
teacher.compile(optimizer=keras.optimizers.Adam(0.005), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
teacher.fit(x, y, epochs=2, verbose=0)
teacher.trainable = False

student = mlp(12, "student")
student.get_layer("student_body").trainable = False
distiller = Distiller(teacher, student)
distiller.compile(optimizer=keras.optimizers.Adam(0.01))
first = distiller.fit(x, y, batch_size=64, epochs=2, verbose=0)
student.get_layer("student_body").trainable = True
distiller.compile(optimizer=keras.optimizers.Adam(0.003))
second = distiller.fit(x, y, batch_size=64, epochs=2, verbose=0)
print([round(float(v), 4) for v in first.history["loss"] + second.history["loss"]])
