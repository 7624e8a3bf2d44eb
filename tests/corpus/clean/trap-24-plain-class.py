import numpy as np
import tensorflow as tf


class LogisticRegression:
    def __init__(self, features, rate=0.5):
        self.weights = tf.Variable(tf.zeros([features, 1]))
        self.bias = tf.Variable(0.0)
        self.optimizer = tf.keras.optimizers.SGD(rate)

    @property
    def parameters(self):
        return [self.weights, self.bias]

    def __call__(self, x):
        return tf.matmul(x, self.weights) + self.bias

    def loss(self, x, y):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=self(x)))

    def fit(self, x, y, epochs=20):
        for epoch in range(epochs):
            with tf.GradientTape() as tape:
                loss = self.loss(x, y)
            gradients = tape.gradient(loss, self.parameters)
            self.optimizer.apply_gradients(zip(gradients, self.parameters))
            if epoch % 5 == 0:
                print(f"epoch {epoch}: {loss.numpy():.4f}")

    def accuracy(self, x, y):
        return float(tf.reduce_mean(tf.cast((self(x) > 0) == (y > 0.5), tf.float32)))


rng = np.random.default_rng(37)
x = rng.normal(size=(100, 3)).astype("float32")
y = (x @ np.array([[1.0], [-2.0], [0.5]], "float32") > 0).astype("float32")
classifier = LogisticRegression(3)
classifier.fit(x, y)
print(classifier.accuracy(x, y))
