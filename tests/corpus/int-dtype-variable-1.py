import tensorflow as tf


class Polynomial:
    def __init__(self, degree):
        self.coefficients = [tf.Variable(1) for _ in range(degree + 1)]

    def __call__(self, t):
        return sum(tf.cast(c, tf.float32) * t**k for k, c in enumerate(self.coefficients))


curve = Polynomial(2)
t = tf.linspace(-1.0, 1.0, 40)
observed = 0.5 - 1.5 * t + 2.0 * t**2
optimizer = tf.keras.optimizers.SGD(0.1)

for step in range(50):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(curve(t) - observed))
    grads = tape.gradient(loss, curve.coefficients)
    optimizer.apply_gradients(
        [(g, c) for g, c in zip(grads, curve.coefficients) if g is not None]
    )
    if step % 10 == 0:
        print(step, loss.numpy(), [c.numpy() for c in curve.coefficients])
