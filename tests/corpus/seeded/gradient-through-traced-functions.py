"""A gradient through a traced function with a loop, and one inside the other."""

import hashlib

import tensorflow as tf

tf.keras.utils.set_random_seed(35)
cell = tf.keras.layers.Dense(4, activation="tanh")
cell(tf.zeros((1, 4)))
energy = tf.Variable(tf.random.normal((4, 1)), name="energy")
weights = cell.trainable_variables + [energy]
optimizer = tf.keras.optimizers.Nadam(0.01)
x = tf.random.normal((20, 4))


@tf.function
def flow(state, steps):
    for _ in tf.range(steps):
        state += 0.2 * cell(state)
    return state


@tf.function
def force(state):
    with tf.GradientTape() as tape:
        tape.watch(state)
        total = tf.reduce_sum(tf.sin(flow(state, 3) @ energy))
    return tape.gradient(total, state)


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((force(x) + x) ** 2)
    gradients = tape.gradient(loss, weights)
    optimizer.apply_gradients(zip(gradients, weights))
    return loss


for step in range(10):
    loss = train_step()
    print(step, float(loss).hex())
digest = hashlib.sha256()
for variable in [*weights, *optimizer.variables]:
    digest.update(variable.numpy().tobytes())
print(digest.hexdigest())
