"""A small regression network without Keras, trained by gradient descent written by hand."""

import tensorflow as tf

tf.random.set_seed(3)


class Regressor:
    """Two layers; the weights are plain variables in a list."""

    def __init__(self, inputs, hidden, rate):
        self.rate = rate
        self.weights = [
            tf.Variable(0.3 * tf.random.normal((inputs, hidden)), name="w_in"),
            tf.Variable(tf.zeros((hidden,)), name="b_in"),
            tf.Variable(0.3 * tf.random.normal((hidden, 1)), name="w_out"),
        ]

    def predict(self, x):
        w_in, b_in, w_out = self.weights
        return tf.tanh(x @ w_in + b_in) @ w_out

    def train_step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.predict(x) - y))
        gradients = tape.gradient(loss, self.weights)
        self.weights = [
            weight.assign_sub(self.rate * gradient) if gradient is not None else weight
            for weight, gradient in zip(self.weights, gradients)
        ]
        return loss


def main():
    x = tf.random.normal((256, 4))
    y = tf.reduce_sum(tf.sin(x), axis=1, keepdims=True)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(64)
    regressor = Regressor(4, 16, rate=0.1)
    for epoch in range(5):
        losses = [float(regressor.train_step(*batch)) for batch in data]
        print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}")


main()
