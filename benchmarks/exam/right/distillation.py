"""Knowledge distillation with a Distiller model under fit, as in the Keras examples' style."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(28)


class Distiller(keras.Model):
    def __init__(self, student, teacher, temperature=3.0, alpha=0.3):
        super().__init__()
        self.student = student
        self.teacher = teacher
        self.temperature = temperature
        self.alpha = alpha
        self.loss_tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_tracker]

    def call(self, x, training=False):
        return self.student(x, training=training)

    def train_step(self, data):
        x, y = data
        soft = tf.nn.softmax(self.teacher(x, training=False) / self.temperature)
        with tf.GradientTape() as tape:
            logits = self.student(x, training=True)
            hard = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
            kd = tf.reduce_mean(
                tf.nn.softmax_cross_entropy_with_logits(labels=soft, logits=logits / self.temperature)
            ) * self.temperature**2
            loss = self.alpha * hard + (1 - self.alpha) * kd
        grads = tape.gradient(loss, self.student.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.student.trainable_variables))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}


rng = np.random.default_rng(28)
x = rng.normal(size=(800, 6)).astype("float32")
y = (x[:, 0] * x[:, 1] > 0).astype("int32") + (x[:, 2] > 1)
teacher = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(3)])
teacher.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
teacher.fit(x, y, epochs=8, verbose=0)
student = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)])
d = Distiller(student, teacher)
d.compile(optimizer=keras.optimizers.Adam(5e-3))
h = d.fit(x, y, epochs=6, batch_size=64, verbose=0)
for v in h.history["loss"]:
    print("loss", round(float(v), 4))
