import tensorflow as tf

tf.keras.utils.set_random_seed(10)
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.01)
sums = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in model.trainable_variables]
every = 4


@tf.function
def accumulate(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y)) / every
    for total, gradient in zip(sums, tape.gradient(loss, model.trainable_variables)):
        total.assign_add(gradient)
    return loss * every


@tf.function
def apply():
    optimizer.apply_gradients(zip([total + 0.0 for total in sums], model.trainable_variables))
    for total in sums:
        total.assign(tf.zeros_like(total))


x = tf.random.normal((96, 4))
y = tf.reduce_max(x, axis=1, keepdims=True)
for i, (xb, yb) in enumerate(tf.data.Dataset.from_tensor_slices((x, y)).batch(8)):
    loss = accumulate(xb, yb)
    if (i + 1) % every == 0:
        apply()
        print(i, float(loss))
