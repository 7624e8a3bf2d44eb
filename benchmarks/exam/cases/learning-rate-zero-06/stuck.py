import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(13)
args = dict(epochs=6, batch_size=16, lr=0.05)


def get_optimizer(args):
    schedule = keras.optimizers.schedules.PolynomialDecay(
        args["lr"], decay_steps=args["epochs"], end_learning_rate=0.0)
    return keras.optimizers.SGD(schedule, momentum=0.9)


def get_model():
    return keras.Sequential([keras.Input((7,)), keras.layers.Dense(24, activation="relu"), keras.layers.Dense(1)])


class Trainer:
    def __init__(self, args):
        self.args = args
        self.model = get_model()
        self.optimizer = get_optimizer(args)
        self.metric = keras.metrics.Mean()

    @tf.function
    def train_step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(self.model(x, training=True) - y))
        g = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(g, self.model.trainable_variables))
        self.metric.update_state(loss)

    def fit(self, ds):
        for epoch in range(self.args["epochs"]):
            for x, y in ds:
                self.train_step(x, y)
            print(epoch, float(self.metric.result()))
            self.metric.reset_state()


x = tf.random.normal((160, 7), seed=3)
y = tf.norm(x, axis=1, keepdims=True)
Trainer(args).fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(args["batch_size"]))
