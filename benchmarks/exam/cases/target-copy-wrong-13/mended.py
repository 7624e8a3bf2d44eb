import tensorflow as tf
from tensorflow import keras


def net(name):
    return keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(4)], name=name)


def ema(target, source, decay=0.99):
    for t, s in zip(target.weights, source.weights):
        t.assign(decay * t + (1.0 - decay) * s)


class Byol:
    def __init__(self):
        self.online, self.target = net("online"), net("target")
        self.target.set_weights(self.online.get_weights())
        self.predictor = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(4)], name="predictor")
        self.optimizer = keras.optimizers.Adam(0.01)

    @tf.function
    def step(self, a, b):
        with tf.GradientTape() as tape:
            p = tf.math.l2_normalize(self.predictor(self.online(a)), 1)
            t = tf.stop_gradient(tf.math.l2_normalize(self.target(b), 1))
            loss = 2.0 - 2.0 * tf.reduce_mean(tf.reduce_sum(p * t, 1))
        variables = self.online.trainable_variables + self.predictor.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        ema(self.target, self.online)
        return loss


keras.utils.set_random_seed(0)
model = Byol()
x = tf.random.normal((32, 6))
for i in range(20):
    loss = model.step(x + 0.1 * tf.random.normal(x.shape), x)
print(float(loss))
