import hashlib
import tempfile

import tensorflow as tf


class Regression(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.ones((3, 1)), name="w")

    @tf.function(input_signature=[tf.TensorSpec((None, 3)), tf.TensorSpec((None, 1))])
    def train(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ self.w - y))
        gradient = tape.gradient(loss, self.w)
        self.w.assign_sub(0.1 * gradient)
        return loss

    @tf.function(input_signature=[tf.TensorSpec((None, 3))])
    def serve(self, x):
        return x @ self.w


model = Regression()
x = tf.random.stateless_normal((8, 3), seed=(1, 2))
y = x @ tf.constant([[1.0], [2.0], [3.0]])
for _ in range(5):
    print(repr(model.train(x, y).numpy()))
folder = tempfile.mkdtemp()
tf.saved_model.save(model, folder)
again = tf.saved_model.load(folder)
print(repr(again.serve(x).numpy().tolist()), repr(again.train(x, y).numpy()))
print(hashlib.sha256(model.w.numpy().tobytes()).hexdigest())
