import tensorflow as tf
import keras

keras.utils.set_random_seed(10)


class Momentum(keras.optimizers.Optimizer):
    def __init__(self, learning_rate=0.01, beta=0.9, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta = beta

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocity = [self.add_variable_from_reference(v, name="velocity") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.velocity[self._get_variable_index(variable)]
        new = self.beta * velocity + gradient
        self.assign_sub(variable, learning_rate * velocity)


model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
opt = Momentum(0.01)
x = tf.random.normal((96, 4))
y = tf.reduce_sum(x, 1, keepdims=True)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    opt.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    return loss


for i in range(30):
    loss = step()
    if i % 10 == 0:
        print(i, float(loss))
