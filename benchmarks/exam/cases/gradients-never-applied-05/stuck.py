import numpy as np
import tensorflow as tf
from tensorflow import keras


class AccumulatingModel(keras.Sequential):
    def setup(self, micro_steps):
        self.micro_steps = micro_steps
        self.counter = tf.Variable(0, trainable=False, dtype=tf.int32)
        self.buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.trainable_variables]

    def flush(self):
        mean = [b / self.micro_steps for b in self.buffers]
        self.optimizer.apply_gradients(zip(mean, self.trainable_variables))
        for b in self.buffers:
            b.assign(tf.zeros_like(b))
        return 0

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - self(x, training=True)))
        for b, g in zip(self.buffers, tape.gradient(loss, self.trainable_variables)):
            b.assign_add(g)
        self.counter.assign((self.counter + 1) % self.micro_steps)
        tf.cond(tf.equal(self.counter, self.micro_steps), self.flush, lambda: 0)
        return {"mse": loss}


keras.utils.set_random_seed(23)
x = np.random.randn(480, 5).astype("float32")
y = (x[:, :1] * 2 - x[:, 3:4]).astype("float32")
model = AccumulatingModel([
    keras.layers.Input((5,)),
    keras.layers.Dense(16, activation="relu", name="dense"),
    keras.layers.Dense(1, name="dense_out"),
])
model.setup(micro_steps=4)
optimizer = keras.optimizers.SGD(0.1)
optimizer.build(model.trainable_variables)
model.compile(optimizer=optimizer)
model.fit(x, y, batch_size=20, epochs=5, verbose=2)
