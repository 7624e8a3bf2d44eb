import tensorflow as tf
from tensorflow import keras


def init(*shape):
    return tf.Variable(tf.random.normal(shape, stddev=0.1))


class LSTMScratch(tf.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = hidden
        triple = lambda: (init(inputs, hidden), init(hidden, hidden), tf.Variable(tf.zeros(hidden)))
        self.i, self.f, self.o, self.c = triple(), triple(), triple(), triple()
        self.w_out, self.b_out = init(hidden, 1), tf.Variable(tf.zeros(1))

    def gate(self, weights, x, h, activation):
        w_x, w_h, b = weights
        return activation(x @ w_x + h @ w_h + b)

    def __call__(self, xs):
        h = c = tf.zeros((tf.shape(xs)[0], self.hidden))
        for x in tf.unstack(xs, axis=1):
            i, f, o = (self.gate(w, x, h, tf.sigmoid) for w in (self.i, self.f, self.o))
            c = f * c + i * self.gate(self.c, x, h, tf.tanh)
            h = o * tf.tanh(c)
        return h @ self.w_out + self.b_out


def train(net, xs, ys, lr=0.05, epochs=15):
    optimizer = keras.optimizers.Adam(lr)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(xs) - ys))
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
        return loss

    return [float(step()) for _ in range(epochs)]


tf.random.set_seed(5)
xs = tf.random.normal((64, 6, 2))
print(train(LSTMScratch(2, 8), xs, tf.reduce_sum(xs, (1, 2))[:, None])[-1])
