import tensorflow as tf

tf.keras.utils.set_random_seed(74)
x = tf.random.normal((256, 12))
y = tf.reduce_sum(x[:, :4], axis=1, keepdims=True)
body = tf.keras.Sequential([tf.keras.Input((12,)), tf.keras.layers.Dense(48, activation="relu")])
value = tf.keras.Sequential([tf.keras.Input((48,)), tf.keras.layers.Dense(1)])
first, second = tf.keras.optimizers.SGD(0.02), tf.keras.optimizers.SGD(0.02)

for turn in range(48):
    part = slice(64 * (turn % 4), 64 * (turn % 4) + 64)
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(tf.square(value(body(x[part])) - y[part]))
    first.apply_gradients(zip(tape.gradient(loss, body.trainable_variables), body.trainable_variables))
    second.apply_gradients(zip(tape.gradient(loss, value.trainable_variables), value.trainable_variables))
    del tape
    if turn % 8 == 0:
        print("turn", turn, "loss", float(loss))
