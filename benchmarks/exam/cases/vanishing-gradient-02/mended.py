import tensorflow as tf

tf.keras.utils.set_random_seed(23)
tf.random.set_seed(23)
sizes = [6, 10, 10, 10, 10, 10, 10, 10, 10, 1]
kernels, biases = [], []
for k, (a, b) in enumerate(zip(sizes, sizes[1:])):
    kernels.append(tf.Variable(tf.random.normal((a, b), stddev=a ** -0.5), name=f"kernel{k}"))
    biases.append(tf.Variable(tf.zeros((b,)), name=f"bias{k}"))

x = tf.random.normal((200, 6))
y = tf.sin(x[:, :1]) + x[:, 1:2]
opt = tf.keras.optimizers.SGD(0.05, momentum=0.9)


def forward(h):
    for w, b in zip(kernels[:-1], biases[:-1]):
        h = tf.tanh(h @ w + b)
    return h @ kernels[-1] + biases[-1]


for step in range(60):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((forward(x) - y) ** 2)
    gradients = tape.gradient(loss, kernels + biases)
    opt.apply_gradients(zip(gradients, kernels + biases))
    if step % 10 == 0:
        print("step", step, "loss", loss.numpy())
