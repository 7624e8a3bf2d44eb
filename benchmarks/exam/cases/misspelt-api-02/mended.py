import tensorflow as tf

tf.keras.utils.set_random_seed(50)
x = tf.random.normal((96, 3))
y = tf.reduce_max(x, axis=1, keepdims=True)


class Fitter:
    def __init__(self):
        self.net = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(9, activation="relu", name="p"),
                                        tf.keras.layers.Dense(1, name="q")])
        self.optimizer = tf.keras.optimizers.Adam(0.02)

    def fit(self, x, y, epochs):
        for epoch in range(epochs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.abs(self.net(x, training=True) - y))
            grads = tape.gradient(loss, self.net.trainable_variables)
            self.optimizer.apply_gradients(zip(grads, self.net.trainable_variables))
            if epoch % 5 == 0:
                print("epoch", epoch, float(loss))


Fitter().fit(x, y, 30)
