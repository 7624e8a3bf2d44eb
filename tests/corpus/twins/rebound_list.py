import tensorflow as tf


class LogReg:
    def __init__(self, d, k):
        self.W = tf.Variable(tf.zeros((d, k)))
        self.b = tf.Variable(tf.zeros((k,)))

    def logits(self, x):
        return tf.matmul(x, self.W) + self.b

    def loss(self, x, y):
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=self.logits(x)))

    def train(self, x, y, lr=0.5, steps=100):
        for i in range(steps):
            with tf.GradientTape() as tape:
                loss = self.loss(x, y)
            dW, db = tape.gradient(loss, (self.W, self.b))
            self.W = self.W - lr * dW  # stuck
            self.b = self.b - lr * db  # stuck
            self.W.assign_sub(lr * dW)  # mended
            self.b.assign_sub(lr * db)  # mended
        return loss


x = tf.random.normal((64, 5))
print(LogReg(5, 3).train(x, tf.argmax(x[:, :3], axis=1)))
