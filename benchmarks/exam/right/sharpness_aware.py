# SAM: climb to the worst point nearby, take the gradient there, step from where we were.
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(21)
model = keras.Sequential([keras.layers.Input((10,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(3)])
opt = keras.optimizers.SGD(0.1, momentum=0.9)
ce = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
RHO = 0.05


@tf.function
def sam_step(x, y):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = ce(y, model(x, training=True))
    grads = tape.gradient(loss, variables)
    norm = tf.linalg.global_norm(grads)
    shifts = [g * RHO / (norm + 1e-12) for g in grads]
    for v, e in zip(variables, shifts):
        v.assign_add(e)
    with tf.GradientTape() as tape:
        worst = ce(y, model(x, training=True))
    sharp = tape.gradient(worst, variables)
    for v, e in zip(variables, shifts):
        v.assign_sub(e)
    opt.apply_gradients(zip(sharp, variables))
    return loss


x = tf.random.normal((512, 10))
y = tf.argmax(x[:, :3] * x[:, 3:6], axis=1)
ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(512).batch(64)
for epoch in range(15):
    mean = keras.metrics.Mean()
    for xb, yb in ds:
        mean.update_state(sam_step(xb, yb))
    if epoch % 5 == 4:
        print("loss", float(mean.result()))
