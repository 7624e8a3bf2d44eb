import numpy as np
import tensorflow as tf
from tensorflow.keras import layers


class Experts(layers.Layer):
    def __init__(self, n, units):
        super().__init__()
        self.n = n
        self.units = units

    def build(self, input_shape):
        d = input_shape[-1]
        self.w = [self.add_weight(shape=(d, self.units), name=f"w{i}") for i in range(self.n)]
        self.b = [self.add_weight(shape=(self.units,), initializer="zeros", name=f"b{i}") for i in range(self.n)]

    def call(self, x):
        outs = [tf.nn.relu(x @ w + b) for w, b in zip(self.w, self.b)]
        return tf.add_n(outs) / self.n


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.experts = Experts(3, 16)
        self.drop = layers.Dropout(0.1)
        final = layers.Dense(1, name="final")
        self.head = lambda h: final(h)

    def call(self, x, training=None):
        return self.head(self.drop(self.experts(x), training=training))


np.random.seed(0)
tf.keras.utils.set_random_seed(0)
x_train = np.random.randn(320, 8).astype(np.float32)
y_train = (x_train[:, :1] ** 2 - x_train[:, 1:2]).astype(np.float32)
dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train)).batch(32)

model = Net()
model(x_train[:1])
optimizer = tf.keras.optimizers.Adam(0.01)
mse = tf.keras.losses.MeanSquaredError()


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        pred = model(x, training=True)
        loss = mse(y, pred)
    grads = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
    return loss


for epoch in range(2):
    for x, y in dataset:
        loss = train_step(x, y)
    print("Epoch", epoch + 1, "loss", loss.numpy())
