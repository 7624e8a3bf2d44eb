import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(19)


class Block:
    def __init__(self, width):
        self.inner = layers.Dense(width, activation="gelu")
        self.outer = layers.Dense(width)
        self.norm = layers.LayerNormalization()

    def __call__(self, x):
        return self.norm(x + self.outer(self.inner(x)))


class Mixer(tf.keras.Model):
    def __init__(self, width, depth):
        super().__init__()
        self.stem = layers.Dense(width)
        self.blocks = [Block(width) for _ in range(depth)]
        self.top = layers.Dense(1)

    def call(self, x, training=False):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.top(x)


model = Mixer(12, 2)
optimizer = tf.keras.optimizers.Adam(1e-3)
x = tf.random.normal((128, 7))
y = tf.reduce_mean(x, axis=1, keepdims=True)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
    return loss


for i in range(50):
    loss = step(x, y)
    if i % 10 == 0:
        tf.print(i, loss)
