import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(9)


def images(count):
    y = np.random.randint(0, 3, count)
    x = np.random.rand(count, 10, 10, 1).astype("float32") * 0.3
    for i, c in enumerate(y):
        x[i, 3 * c:3 * c + 3, 2:8] += 0.7
    return x, y.astype("int32")


class Trainer:
    def __init__(self, model, optimizer, micro):
        self.model = model
        self.optimizer = optimizer
        self.micro = micro
        self.loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.buffers = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in model.trainable_variables]
        self.seen = 0

    @tf.function
    def collect(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.loss_fn(y, self.model(x, training=True))
        for buffer, g in zip(self.buffers, tape.gradient(loss, self.model.trainable_variables)):
            buffer.assign(g / self.micro)
        return loss

    @tf.function
    def flush(self):
        self.optimizer.apply_gradients(zip([tf.convert_to_tensor(b) for b in self.buffers], self.model.trainable_variables))
        for buffer in self.buffers:
            buffer.assign(tf.zeros_like(buffer))

    def feed(self, x, y):
        loss = self.collect(x, y)
        self.seen += 1
        if self.seen % self.micro == 0:
            self.flush()
        return loss


net = tf.keras.Sequential([layers.Input((10, 10, 1)), layers.Conv2D(6, 3, activation="relu"), layers.MaxPool2D(), layers.Flatten(), layers.Dense(3)])
trainer = Trainer(net, tf.keras.optimizers.SGD(0.1, momentum=0.5), micro=4)
x, y = images(320)
for epoch in range(3):
    total = 0.0
    for i in range(0, 320, 20):
        total += float(trainer.feed(tf.constant(x[i:i + 20]), tf.constant(y[i:i + 20])))
    print("epoch", epoch, total / 16)
