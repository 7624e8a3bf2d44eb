import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(60)
houses = np.random.rand(300, 6).astype("float32")
price = houses @ np.array([3, -2, 1, 0, 0, 1], "float32") + 0.05 * np.random.randn(300).astype("float32")


class HouseDataset(keras.utils.Sequence):
    def __init__(self, x, y, bs):
        super().__init__()
        self.x, self.y, self.bs = x, y, bs

    def __len__(self):
        return len(self.x) // self.bs

    def __getitem__(self, i):
        s = slice(i * self.bs, (i + 1) * self.bs)
        return self.x[s], self.y[s]


class MSELoss:
    def __call__(self, input, target):
        return tf.reduce_mean((input - target) ** 2)


net = keras.Sequential([keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
criterion, optimizer = MSELoss(), keras.optimizers.Adam(1e-2)
loader = HouseDataset(houses, price, 50)
for epoch in range(12):
    running_loss = 0.0
    for i in range(len(loader)):
        inputs, labels = loader[i]
        with tf.GradientTape() as tape:
            outputs = net(inputs)
            loss = criterion(outputs, labels[:, None])
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
        running_loss += loss.numpy()
    print(f"[{epoch + 1}] loss: {running_loss / len(loader):.3f}")
