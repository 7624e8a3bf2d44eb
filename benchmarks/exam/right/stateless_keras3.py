"""Stateless style: variables are handed in and out, and put back at the end of each epoch."""
import keras
import tensorflow as tf

keras.utils.set_random_seed(64)
model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(1e-2)
optimizer.build(model.trainable_variables)


@tf.function
def step(trainable, fixed, slots, x, y):
    with tf.GradientTape() as tape:
        tape.watch(trainable)
        y_pred, fixed = model.stateless_call(trainable, fixed, x, training=True)
        loss = tf.reduce_mean((y_pred - y) ** 2)
    grads = tape.gradient(loss, trainable)
    trainable, slots = optimizer.stateless_apply(slots, grads, trainable)
    return loss, trainable, fixed, slots


x = tf.random.normal((128, 3))
y = tf.reduce_max(x, axis=1, keepdims=True)
trainable = [v.value for v in model.trainable_variables]
fixed = [v.value for v in model.non_trainable_variables]
slots = [v.value for v in optimizer.variables]
trainable, fixed, slots = ([tf.convert_to_tensor(t) for t in group] for group in (trainable, fixed, slots))
for i in range(120):
    loss, trainable, fixed, slots = step(trainable, fixed, slots, x, y)
    if i % 39 == 0:
        print("loss", float(loss))
for variable, value in zip(model.trainable_variables, trainable):
    variable.assign(value)
