import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(22)


class Highway(keras.layers.Layer):
    def __init__(self, units, **kw):
        super().__init__(**kw)
        self.plain = keras.layers.Dense(units, activation="tanh", name="plain")
        self.gate = keras.layers.Dense(units, activation="sigmoid", name="gate")

    def call(self, inputs):
        gate = self.gate(inputs)
        return gate * self.plain(inputs) + (1.0 - gate) * inputs


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [Highway(6, name=f"block{i}") for i in range(3)]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return x


def named_gradients(tape, loss, variables):
    grads = tape.gradient(loss, variables)
    return {v.path: g for v, g in zip(variables, grads)}


x = tf.random.normal((128, 6))
y = tf.sin(x) + 0.5 * tf.roll(x, 1, axis=1)
net = Net()
net(x[:1])
sgd = keras.optimizers.SGD(0.5)
for step in range(30):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(net(x) - y))
    by_name = named_gradients(tape, error, net.trainable_variables)
    if step % 10 == 0:
        print(step, float(error), max(float(tf.norm(g)) for g in by_name.values()))
    sgd.apply_gradients([(by_name[v.path], v) for v in net.trainable_variables])
print("error", float(error))
