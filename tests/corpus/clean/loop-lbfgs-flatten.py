import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(43)
model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(5, activation="tanh"), tf.keras.layers.Dense(1)])
shapes = [tuple(v.shape) for v in model.trainable_variables]
sizes = [int(np.prod(s)) for s in shapes]
x = tf.random.normal((30, 2))
y = x[:, :1] * x[:, 1:]


def assign_flat(flat):
    for variable, part, shape in zip(model.trainable_variables, tf.split(flat, sizes), shapes):
        variable.assign(tf.reshape(part, shape))


def value_and_gradient(flat):
    assign_flat(tf.constant(flat, tf.float32))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    return float(loss), tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0).numpy()


position = np.concatenate([v.numpy().ravel() for v in model.trainable_variables])
value, slope = value_and_gradient(position)
for iteration in range(8):
    rate = 0.5
    while rate > 1e-4:
        candidate = position - rate * slope
        new_value, new_slope = value_and_gradient(candidate)
        if new_value < value - 1e-4 * rate * float(slope @ slope):
            break
        rate *= 0.5
    position, value, slope = candidate, new_value, new_slope
assign_flat(tf.constant(position, tf.float32))
print(value)
