from abc import ABC, abstractmethod

import tensorflow as tf


class BaseTrainer(ABC):
    def __init__(self, model, learning_rate=1e-3):
        self.model = model
        self.optimizer = tf.keras.optimizers.Adam(learning_rate)
        self.history = []

    @abstractmethod
    def compute_loss(self, batch): ...

    def train_batch(self, batch):
        loss = self.compute_loss(batch)  # stuck
        with tf.GradientTape() as tape:
            loss = self.compute_loss(batch)  # mended
            loss = loss + self.penalty()
        self._update(tape, loss)  # here
        return loss

    def penalty(self):
        return 0.0

    def _update(self, tape, loss):
        variables = self.model.trainable_variables
        grads = tape.gradient(loss, variables)  # here
        self.optimizer.apply_gradients(zip(grads, variables))

    def fit(self, dataset, epochs):
        for _ in range(epochs):
            for batch in dataset:
                self.history.append(float(self.train_batch(batch)))
