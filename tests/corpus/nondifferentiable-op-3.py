import tensorflow as tf

tf.keras.utils.set_random_seed(4)


class Router(tf.Module):
    """Chooses one of several experts for each example."""

    def __init__(self, experts, width):
        super().__init__()
        self.gate_w = tf.Variable(tf.random.normal((5, experts), stddev=0.3), name="gate_w")
        self.gate_b = tf.Variable(tf.zeros((experts,)), name="gate_b")
        self.experts = tf.Variable(tf.random.normal((experts, 5, width), stddev=0.3), name="experts")
        self.out = tf.Variable(tf.random.normal((width, 1), stddev=0.3), name="out")

    def __call__(self, x):
        logits = x @ self.gate_w + self.gate_b
        noise = -tf.math.log(-tf.math.log(tf.random.uniform(tf.shape(logits), 1e-6, 1.0 - 1e-6)))
        soft = tf.nn.softmax((logits + noise) / 0.7)
        hard = tf.one_hot(tf.argmax(soft, axis=-1), tf.shape(soft)[-1])
        choice = hard
        each = tf.nn.relu(tf.einsum("bi,eio->beo", x, self.experts))
        return tf.einsum("be,beo->bo", choice, each) @ self.out


model = Router(3, 8)
optimizer = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((512, 5))
y = tf.where(x[:, :1] > 0, x[:, 1:2], -x[:, 2:3])


@tf.function
def train(xb, yb):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    pairs = [(g, v) for g, v in zip(grads, model.trainable_variables) if g is not None]
    optimizer.apply_gradients(pairs)
    return loss


for epoch in range(10):
    for i in range(0, 512, 64):
        loss = train(x[i : i + 64], y[i : i + 64])
    tf.print("epoch", epoch, "loss", loss)
