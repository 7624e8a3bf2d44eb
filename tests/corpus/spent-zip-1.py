import tensorflow as tf

tf.keras.utils.set_random_seed(124)
net = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(6, activation="relu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((40, 3))
y = tf.reduce_prod(x, axis=1, keepdims=True)


def healthy(pairs):
    return all(bool(tf.reduce_all(tf.math.is_finite(g))) for g, _ in pairs)


for step in range(6):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    pairs = zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables)
    if healthy(pairs):
        optimizer.apply_gradients(pairs)
    print(step, float(loss))
