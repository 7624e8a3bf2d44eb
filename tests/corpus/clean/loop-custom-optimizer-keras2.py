import tensorflow as tf

tf.keras.utils.set_random_seed(46)


class SignDescent(tf.keras.optimizers.Optimizer):
    def __init__(self, learning_rate=0.01, name="SignDescent", **kwargs):
        super().__init__(name=name, **kwargs)
        self._learning_rate = self._build_learning_rate(learning_rate)

    def build(self, var_list):
        super().build(var_list)

    def update_step(self, gradient, variable):
        variable.assign_sub(tf.cast(self.learning_rate, variable.dtype) * tf.sign(gradient))

    def get_config(self):
        return {**super().get_config(), "learning_rate": self._serialize_hyperparameter(self._learning_rate)}


model = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1)])
optimizer = SignDescent(0.005)
x = tf.random.normal((48, 3))
y = tf.reduce_sum(x, axis=1, keepdims=True)
for _ in range(10):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
print(float(loss))
optimizer = tf.keras.optimizers.SGD(0.01)
for _ in range(3):
    optimizer.minimize(lambda: tf.reduce_mean(tf.square(model(x) - y)), model.trainable_variables)
