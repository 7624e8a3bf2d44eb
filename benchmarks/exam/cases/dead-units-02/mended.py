import tensorflow as tf

tf.keras.utils.set_random_seed(31)
x = tf.random.normal((256, 5)) + 4.0
y = tf.reduce_sum(tf.abs(x - 4.0), axis=1, keepdims=True)

hidden = tf.keras.layers.Dense(40, activation="relu", name="hidden")
out = tf.keras.layers.Dense(1, name="out")
net = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Rescaling(1.0, offset=-4.0), hidden, out])
sgd = tf.keras.optimizers.SGD(0.01)

for step in range(80):
    rows = slice(32 * (step % 8), 32 * (step % 8) + 32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(net(x[rows]) - y[rows]) ** 1.5)
    grads = tape.gradient(loss, net.trainable_variables)
    sgd.apply_gradients(zip(grads, net.trainable_variables))
    if step % 10 == 0:
        print(step, float(loss))
