import tensorflow as tf

tf.keras.utils.set_random_seed(31)
tf.keras.mixed_precision.set_global_policy("mixed_float16")
inputs = tf.keras.Input((10,))
hidden = tf.keras.layers.Dense(16, activation="relu")(inputs)
outputs = tf.keras.layers.Dense(2, dtype="float32")(hidden)
net = tf.keras.Model(inputs, outputs)
scaler = tf.keras.mixed_precision.LossScaleOptimizer(tf.keras.optimizers.Adam(1e-3))
scaler.build(net.trainable_variables)


@tf.function
def learn(x, y):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(net(x, training=True) - y))
        big = scaler.scale_loss(error)
    slopes = tape.gradient(error, net.trainable_variables)
    scaler.apply(slopes)
    return error, big


x = tf.random.normal((32, 10))
for _ in range(25):
    error, big = learn(x, x[:, :2])
print(float(error))
