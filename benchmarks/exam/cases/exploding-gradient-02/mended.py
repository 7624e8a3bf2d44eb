import tensorflow as tf

tf.keras.utils.set_random_seed(17)
tf.random.set_seed(17)
UNITS, STEPS = 24, 30


class Recurrent(tf.Module):
    def __init__(self):
        self.inner = tf.Variable(0.5 * tf.eye(UNITS), name="inner")
        self.into = tf.Variable(tf.random.normal((1, UNITS), stddev=0.5), name="into")
        self.out = tf.Variable(tf.random.normal((UNITS, 1), stddev=0.1), name="out")

    def __call__(self, sequence):
        state = tf.zeros((tf.shape(sequence)[0], UNITS))
        for t in range(STEPS):
            state = tf.nn.relu(sequence[:, t:t + 1] @ self.into + state @ self.inner)
        return state @ self.out


net = Recurrent()
optimizer = tf.keras.optimizers.SGD(0.01)
series = tf.random.uniform((64, STEPS))
goal = tf.reduce_mean(series, axis=1, keepdims=True)


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(series) - goal))
    grads = tape.gradient(loss, net.trainable_variables)
    grads, _ = tf.clip_by_global_norm(grads, 1.0)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return loss


for step in range(20):
    loss = train_step()
    if step % 2 == 0:
        tf.print("step", step, "loss", loss)
