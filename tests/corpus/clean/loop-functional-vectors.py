import tensorflow as tf

tf.random.set_seed(51)


def init(generator):
    return {
        "kernel": generator.normal((3, 8), stddev=0.3),
        "bias": tf.zeros(8),
        "readout": generator.normal((8, 1), stddev=0.3),
    }


def forward(params, x):
    return tf.nn.softplus(x @ params["kernel"] + params["bias"]) @ params["readout"]


@tf.function
def update(params, x, y, rate):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(params)
        loss = tf.reduce_mean(tf.square(forward(params, x) - y))
    grads = tape.gradient(loss, params)
    return {name: params[name] - rate * grads[name] for name in params}, loss


generator = tf.random.Generator.from_seed(7)
params = init(generator)
x = generator.normal((40, 3))
y = tf.reduce_sum(tf.abs(x), axis=1, keepdims=True)
for step in range(20):
    params, loss = update(params, x, y, tf.constant(0.05))
print(float(loss))
