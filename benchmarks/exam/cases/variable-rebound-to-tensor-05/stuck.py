import tensorflow as tf


def init(sizes):
    params = {}
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        params[f"w{i}"] = tf.Variable(tf.random.normal([a, b], stddev=0.4), name=f"w{i}")
        params[f"b{i}"] = tf.Variable(tf.zeros([b]), name=f"b{i}")
    return params


def predict(params, x):
    depth = len(params) // 2
    for i in range(depth):
        x = x @ params[f"w{i}"] + params[f"b{i}"]
        if i < depth - 1:
            x = tf.nn.relu(x)
    return x


def value_and_gradients(params, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((predict(params, x) - y) ** 2)
    return loss, tape.gradient(loss, params)


def gradient_step(params, gradients, rate):
    return {key: params[key] - rate * gradients[key] for key in params}


tf.random.set_seed(16)
x = tf.random.normal([100, 3])
y = tf.sin(x[:, :1])
params = init([3, 16, 1])
for step in range(50):
    loss, gradients = value_and_gradients(params, x, y)
    params = gradient_step(params, gradients, 0.05)
    if step % 10 == 0:
        print(step, loss.numpy())
