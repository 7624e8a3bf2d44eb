import tensorflow as tf


class Accumulator:
    def __init__(self, model, optimizer, every):
        self.model, self.optimizer, self.every = model, optimizer, every
        self.buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
        self.count = 0

    def __call__(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.keras.losses.mse(y, self.model(x, training=True))) / self.every
        for buffer, g in zip(self.buffers, tape.gradient(loss, self.model.trainable_variables)):
            buffer.assign_add(g)  # here
        self.count += 1
        if self.count % self.every == 0:
            self.optimizer.apply_gradients(zip(self.buffers, self.model.trainable_variables))  # here
            for buffer in self.buffers:  # mended
                buffer.assign(tf.zeros_like(buffer))  # mended
            self.count = 0  # stuck
        return loss * self.every


model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(16, "relu"), tf.keras.layers.Dense(2)])
acc = Accumulator(model, tf.keras.optimizers.Adam(1e-3), every=4)
for i in range(40):
    loss = acc(tf.random.normal((8, 4)), tf.random.normal((8, 2)))
print(float(loss))
