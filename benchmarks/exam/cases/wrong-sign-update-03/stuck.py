import tensorflow as tf

tf.keras.utils.set_random_seed(115)
x = tf.random.normal((150, 3))
true = tf.constant([[0.5], [1.5], [-1.0]])
y = x @ true
w = tf.Variable(tf.zeros((3, 1)), name="w")
b = tf.Variable(0.0, name="b")
RATE = 0.01


@tf.function
def descend():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ w + b - y))
    dw, db = tape.gradient(loss, [w, b])
    w.assign(w + RATE * dw)
    b.assign(b + RATE * db)
    return loss


for step in range(40):
    loss = descend()
    if step % 8 == 0:
        print("step", step, "loss", float(loss))
