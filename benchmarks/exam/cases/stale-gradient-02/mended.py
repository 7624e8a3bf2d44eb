import tensorflow as tf

tf.keras.utils.set_random_seed(72)
x = tf.random.normal((160, 5))
y = tf.reduce_sum(x * tf.constant([1.0, -1.0, 0.5, 0.0, 2.0]), axis=1, keepdims=True)
net = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(8, activation="tanh", name="u1"),
                           tf.keras.layers.Dense(1, name="u2")])
opt = tf.keras.optimizers.Adam(0.02)


def gradients_of(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(net(inputs) - labels))
    return loss, tape.gradient(loss, net.trainable_variables)


for epoch in range(8):
    for repeat in range(10):
        loss, grads = gradients_of(x, y)
        opt.apply_gradients(zip(grads, net.trainable_variables))
    print("epoch", epoch, "loss", float(loss))
