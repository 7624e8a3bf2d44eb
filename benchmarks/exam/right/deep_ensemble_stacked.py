"""An ensemble as one tensor per layer with a leading axis; einsum does the rest."""
import tensorflow as tf

tf.random.set_seed(102)
M, HIDDEN = 5, 16
g = tf.random.Generator.from_seed(102)
params = {
    "w1": tf.Variable(g.normal((M, 1, HIDDEN))),
    "b1": tf.Variable(tf.zeros((M, 1, HIDDEN))),
    "w2": tf.Variable(g.normal((M, HIDDEN, 1)) / HIDDEN**0.5),
    "b2": tf.Variable(tf.zeros((M, 1, 1))),
}
optimizer = tf.keras.optimizers.Adam(1e-2)


def predict(p, x):
    h = tf.tanh(tf.einsum("ni,mih->mnh", x, p["w1"]) + p["b1"])
    return tf.einsum("mnh,mho->mno", h, p["w2"]) + p["b2"]


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        losses = tf.reduce_mean((predict(params, x) - y[None]) ** 2, axis=[1, 2])
        loss = tf.reduce_sum(losses)
    grads = tape.gradient(loss, params)
    optimizer.apply_gradients([(grads[k], params[k]) for k in params])
    return loss / M


x = tf.linspace(-2.0, 2.0, 60)[:, None]
y = tf.sin(2 * x)
for i in range(200):
    loss = step(x, y)
    if i % 66 == 0:
        print("loss", float(loss))
