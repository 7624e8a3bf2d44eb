from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf


def dense(n_in, widths):
    return tf.keras.Sequential([tf.keras.Input((n_in,))] + [tf.keras.layers.Dense(w, "relu") for w in widths])


@dataclass
class Trainer:
    student: Any
    teacher: Any
    optimizer: Any = field(default_factory=lambda: tf.keras.optimizers.Adam(1e-3))

    def step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.student(x) - tf.stop_gradient(self.teacher(x))) ** 2)
        grads = tape.gradient(loss, self.student.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.teacher.trainable_variables))  # stuck
        self.optimizer.apply_gradients(zip(grads, self.student.trainable_variables))  # mended
        return loss


t = Trainer(dense(4, [8, 2]), dense(4, [8, 2]))
for _ in range(5):
    t.step(tf.random.normal((16, 4)))
