import keras
import tensorflow as tf

keras.utils.set_random_seed(45)


class Lion(keras.optimizers.Optimizer):
    def __init__(self, learning_rate=1e-3, beta_1=0.9, beta_2=0.99, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.averages = self.add_optimizer_variables(variables, "average")

    def update_step(self, gradient, variable, learning_rate):
        rate = keras.ops.cast(learning_rate, variable.dtype)
        average = self.averages[self._get_variable_index(variable)]
        direction = keras.ops.sign(self.beta_1 * average + (1 - self.beta_1) * gradient)
        self.assign(average, self.beta_2 * average + (1 - self.beta_2) * gradient)
        self.assign_sub(variable, rate * direction)


model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
optimizer = Lion(0.005)
x = keras.random.normal((48, 3), seed=3)
y = keras.ops.sum(x, axis=1, keepdims=True)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = keras.ops.mean(keras.losses.mean_squared_error(y, model(x, training=True)))
    optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    return loss


for _ in range(10):
    loss = train_step(x, y)
print(float(loss))
