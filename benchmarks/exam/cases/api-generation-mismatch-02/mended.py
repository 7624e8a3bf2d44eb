import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(34)
x = np.random.randn(160, 4).astype("float32")
y = (x[:, 0] > 0).astype("int32")


class Trainer:
    def __init__(self, rate):
        self.model = tf.keras.Sequential([
            tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="relu", name="body"),
            tf.keras.layers.Dense(2, name="head")])
        schedule = tf.keras.optimizers.schedules.InverseTimeDecay(rate, 1, 1e-3)
        self.optimizer = tf.keras.optimizers.SGD(learning_rate=schedule, momentum=0.9)
        self.loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(self, inputs, labels):
        with tf.GradientTape() as tape:
            loss = self.loss(labels, self.model(inputs, training=True))
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables))
        return loss


trainer = Trainer(0.05)
for epoch in range(5):
    losses = [float(trainer.step(x[i:i + 32], y[i:i + 32])) for i in range(0, 160, 32)]
    print("epoch", epoch, "loss", np.mean(losses))
