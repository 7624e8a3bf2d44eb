"""A deep equilibrium layer: iterate to a fixed point, differentiate through it implicitly."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(25)
W = tf.Variable(0.3 * tf.random.normal((8, 8)) / 8**0.5, name="W")
U = tf.Variable(tf.random.normal((4, 8)) / 2.0, name="U")
V = tf.Variable(tf.random.normal((8, 1)) / 3.0, name="V")


def f(z, x):
    return tf.tanh(z @ W + x @ U)


def equilibrium(x):
    z_star = tf.zeros((tf.shape(x)[0], 8))
    for _ in range(25):
        z_star = f(z_star, x)
    z_star = tf.stop_gradient(z_star)

    @tf.custom_gradient
    def solve_backward(z):
        def backward(upstream):
            with tf.GradientTape() as tape:
                tape.watch(z_star)
                again = f(z_star, x)
            jacobian = tape.batch_jacobian(again, z_star)
            v = upstream
            for _ in range(25):
                v = upstream + tf.einsum("boi,bo->bi", jacobian, v)
            return v

        return tf.identity(z), backward

    # One more application, whose gradients the tape knows; the rest is solved for.
    return solve_backward(f(z_star, x))


opt = keras.optimizers.Adam(5e-3)
x = tf.random.normal((128, 4))
y = tf.sin(x[:, :1] + x[:, 1:2])


@tf.function
def train():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(equilibrium(x) @ V - y))
    grads = tape.gradient(loss, [W, U, V])
    opt.apply_gradients(zip(grads, [W, U, V]))
    return loss


for i in range(150):
    loss = train()
    if i % 30 == 0 or i == 149:
        print("loss", float(loss))
