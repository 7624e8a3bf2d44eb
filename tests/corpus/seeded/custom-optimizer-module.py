"""An optimizer of one's own: factored averages in variables, signs as steps."""

import hashlib

import tensorflow as tf

tf.keras.utils.set_random_seed(34)


class Signs(tf.Module):
    def __init__(self, weights, rate):
        super().__init__()
        self.weights, self.rate = weights, rate
        self.slow = [tf.Variable(tf.zeros(one.shape), trainable=False) for one in weights]

    def apply_gradients(self, pairs):
        for slow, (gradient, weight) in zip(self.slow, pairs):
            mixed = 0.9 * slow + 0.1 * gradient
            weight.assign_sub(self.rate * (tf.sign(mixed) + 0.01 * weight))
            slow.assign(0.99 * slow + 0.01 * gradient)


model = tf.keras.Sequential(
    [tf.keras.Input((5,)), tf.keras.layers.Dense(10, activation="tanh"), tf.keras.layers.Dense(1)]
)
optimizer = Signs(model.trainable_variables, 0.003)
x = tf.random.normal((48, 5))
y = tf.reduce_sum(tf.sin(x), axis=1, keepdims=True)


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for step in range(10):
    loss = train_step()
    print(step, float(loss).hex())
digest = hashlib.sha256()
for variable in [*model.variables, *optimizer.slow]:
    digest.update(variable.numpy().tobytes())
print(digest.hexdigest())
