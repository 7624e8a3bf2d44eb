import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(21)


class TiedAutoencoder(keras.Model):
    def __init__(self, width):
        super().__init__()
        self.encode = keras.layers.Dense(width, activation="relu", name="encode")
        self.decode = keras.layers.Dense(9, name="decode")

    def call(self, inputs):
        return self.decode(self.encode(inputs))


data = tf.random.normal((300, 9))
data = data @ tf.random.normal((9, 9)) / 3.0
net = TiedAutoencoder(5)
net(data[:1])
sgd = keras.optimizers.SGD(0.05, momentum=0.5)
params = []
for layer in net.layers:
    params.extend(layer.trainable_variables)

for epoch in range(15):
    total = 0.0
    for batch in tf.split(data, 5):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(batch) - batch))
        gradients = tape.gradient(loss, params)
        sgd.apply_gradients(zip(gradients, params))
        total += float(loss)
    print("epoch", epoch, total / 5)
