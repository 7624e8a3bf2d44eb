import tensorflow as tf

tf.keras.utils.set_random_seed(134)
slope, level = tf.Variable(0.1), tf.Variable(0.0)
adam = tf.keras.optimizers.Adam(0.1)
t = tf.range(20.0)
series = 0.4 * t + 3.0


def objective():
    return tf.reduce_mean(tf.square(slope * t + level - series))


for _ in range(10):
    adam.minimize(objective(), [slope, level])
print(slope.numpy(), level.numpy())
