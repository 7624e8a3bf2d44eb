import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(81)
x = np.random.randn(160, 6).astype("float32")
y = np.tanh(x[:, :3] + x[:, 3:]).astype("float32")


class Memory(tf.keras.layers.Layer):
    def __init__(self, rows, width, **kwargs):
        super().__init__(**kwargs)
        self.write = tf.keras.layers.Dense(width, activation="tanh", name="write")
        self.cells = self.add_weight(shape=(rows, width), initializer="zeros", trainable=False, name="cells")

    def call(self, inputs):
        written = self.write(inputs)
        self.cells.assign(written)
        return written


memory = Memory(32, 8, name="memory")
decode = tf.keras.layers.Dense(3, name="decode")
memory(x[:32])
decode.build((None, 8))
variables = memory.trainable_variables + decode.trainable_variables
optimizer = tf.keras.optimizers.Adam(0.01)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decode(memory(inputs)) - labels))
    grads = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(grads, variables))
    return loss


for epoch in range(10):
    for i in range(0, 160, 32):
        loss = train_step(x[i:i + 32], y[i:i + 32])
    print("epoch", epoch, "loss", float(loss))
