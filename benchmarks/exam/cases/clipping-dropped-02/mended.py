import tensorflow as tf

tf.keras.utils.set_random_seed(62)
x = tf.random.normal((180, 6)) * 5.0
y = tf.reduce_sum(x ** 2, axis=1, keepdims=True) / 30.0
net = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(12, activation="relu", name="m"),
                           tf.keras.layers.Dense(1, name="n")])
opt = tf.keras.optimizers.SGD(0.002)

for turn in range(40):
    rows = slice(45 * (turn % 4), 45 * (turn % 4) + 45)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x[rows]) - y[rows]))
    gradients = tape.gradient(loss, net.trainable_variables)
    gradients = [tf.clip_by_value(gradient, -0.5, 0.5) for gradient in gradients]
    opt.apply_gradients(zip(gradients, net.trainable_variables))
    if turn % 8 == 0:
        print(turn, float(loss))
