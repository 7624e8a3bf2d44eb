import tensorflow as tf

tf.random.set_seed(14)
w = tf.Variable(tf.random.normal((3,)), name="coefficients")
x = tf.random.normal((100, 3))
y = tf.linalg.matvec(x, tf.constant([2.0, -1.0, 0.5]))


def objective():
    return tf.reduce_mean(tf.square(tf.linalg.matvec(x, w) - y))


def minimise(variable, steps, rate):
    with tf.GradientTape() as tape:
        loss = objective()
    gradient = tape.gradient(loss, variable)
    for k in range(steps):
        variable.assign_sub(rate * gradient)
        if k % 5 == 0:
            print(k, float(objective()))


minimise(w, 30, 0.1)
