import tensorflow as tf

tf.keras.utils.set_random_seed(13)


class Accumulator(tf.Module):
    def __init__(self, model, optimizer, every):
        super().__init__()
        self.model, self.optimizer, self.every = model, optimizer, every
        self.sums = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in model.trainable_variables]
        self.seen = tf.Variable(0, trainable=False)

    @tf.function
    def __call__(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - self.model(x, training=True)))
        for total, g in zip(self.sums, tape.gradient(loss, self.model.trainable_variables)):
            total.assign_add(g / self.every)
        self.seen.assign_add(1)
        return loss

    @tf.function
    def apply(self):
        self.optimizer.apply_gradients(
            zip([tf.identity(s) for s in self.sums], self.model.trainable_variables)
        )
        self.seen.assign(0)


model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(12, activation="tanh"), tf.keras.layers.Dense(1)])
accumulator = Accumulator(model, tf.keras.optimizers.SGD(0.05), 4)
x = tf.random.normal((320, 5))
y = tf.reduce_sum(tf.sin(x), axis=1, keepdims=True)
for epoch in range(6):
    for i in range(0, 320, 16):
        loss = accumulator(x[i : i + 16], y[i : i + 16])
        if int(accumulator.seen) == 4:
            accumulator.apply()
    print(epoch, float(loss))
