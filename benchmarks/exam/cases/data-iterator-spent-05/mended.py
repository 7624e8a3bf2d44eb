import tensorflow as tf
import keras


class Experiment:
    def __init__(self):
        x = tf.random.normal([90, 5])
        self.data = tf.data.Dataset.from_tensor_slices((x, tf.norm(x, axis=1, keepdims=True))).shuffle(90).batch(15)
        self.model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
        self.adam = keras.optimizers.Adam(0.01)

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(self.model(x, training=True) - y))
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.adam.apply_gradients(zip(grads, self.model.trainable_variables))
        return loss

    def epoch(self):
        losses = []
        self.batches = iter(self.data)
        while True:
            try:
                x, y = next(self.batches)
            except StopIteration:
                break
            losses.append(float(self.step(x, y)))
        return losses


keras.utils.set_random_seed(6)
experiment = Experiment()
best = None
for number in range(6):
    losses = experiment.epoch()
    if losses:
        best = min(losses)
    print(number, best)
