"""Newton's method for a logistic regression: a Hessian from nested tapes."""
import tensorflow as tf

x = tf.random.stateless_normal((200, 3), seed=(2, 5))
noise = tf.random.stateless_normal((200,), seed=(2, 6))
y = tf.cast(tf.linalg.matvec(x, [1.0, -2.0, 0.5]) + noise > 0, tf.float32)
theta = tf.Variable([0.0, 0.0, 0.0], name="theta")


def objective():
    z = tf.linalg.matvec(x, theta)
    nll = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=z))
    return nll + 0.005 * tf.reduce_sum(theta**2)


for k in range(6):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            loss = objective()
        gradient = inner.gradient(loss, theta)
    hessian = outer.jacobian(gradient, theta)
    delta = tf.linalg.solve(hessian, gradient[:, None])[:, 0]
    theta.assign_sub(delta)
    print(f"{k}: loss {float(loss):.8f}  |g| {float(tf.norm(gradient)):.1e}")
