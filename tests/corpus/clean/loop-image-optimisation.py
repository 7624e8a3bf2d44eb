import tensorflow as tf

tf.keras.utils.set_random_seed(42)
network = tf.keras.Sequential([
    tf.keras.Input((12, 12, 3)),
    tf.keras.layers.Conv2D(6, 3, activation="relu"),
    tf.keras.layers.Conv2D(6, 3, activation="relu"),
])
network.trainable = False
step_size = tf.constant(0.05)


@tf.function
def climb(img, steps):
    loss = tf.constant(0.0)
    for _ in tf.range(steps):
        with tf.GradientTape() as tape:
            tape.watch(img)
            loss = tf.reduce_mean(network(img)) - 0.01 * tf.reduce_mean(tf.image.total_variation(img))
        gradients = tape.gradient(loss, img)
        gradients /= tf.math.reduce_std(gradients) + 1e-8
        img = tf.clip_by_value(img + gradients * step_size, -1.0, 1.0)
    return loss, img


img = tf.random.uniform((1, 12, 12, 3), -0.5, 0.5)
for octave in range(3):
    loss, img = climb(img, tf.constant(5))
    print(octave, float(loss))
canvas = tf.Variable(img, name="canvas")
optimizer = tf.keras.optimizers.Adam(0.02)
style = tf.random.uniform((1, 12, 12, 3))
wanted = network(style)
for _ in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(network(canvas) - wanted))
    optimizer.apply_gradients([(tape.gradient(loss, canvas), canvas)])
    canvas.assign(tf.clip_by_value(canvas, -1.0, 1.0))
print(float(loss))
