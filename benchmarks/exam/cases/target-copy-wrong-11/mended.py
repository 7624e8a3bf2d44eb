import tensorflow as tf
import keras


class Average:
    def __init__(self, variables, decay=0.99):
        self.decay = decay
        self.variables = list(variables)
        self.shadow = [tf.Variable(tf.convert_to_tensor(v), trainable=False) for v in self.variables]

    def update(self):
        for s, v in zip(self.shadow, self.variables):
            s.assign(self.decay * s + (1.0 - self.decay) * v)

    def swap(self):
        for s, v in zip(self.shadow, self.variables):
            kept = tf.identity(v)
            v.assign(s)
            s.assign(kept)


def evaluate(model, x, y):
    return float(tf.reduce_mean(tf.square(model(x, training=False) - y)))


keras.utils.set_random_seed(6)
x = tf.random.normal([100, 3])
y = 2.0 * x[:, :1] - x[:, 1:2] + 5.0
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
average = Average(model.trainable_variables)
for epoch in range(4):
    for start in range(0, 100, 25):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x[start:start + 25], training=True) - y[start:start + 25]))
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
        average.update()
    average.swap()
    print("averaged", evaluate(model, x, y))
    average.swap()
print("plain", evaluate(model, x, y))
