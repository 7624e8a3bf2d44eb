"""Convolutions with tf.nn alone: filters are variables in a dictionary."""
import tensorflow as tf

tf.random.set_seed(50)
init = tf.initializers.GlorotUniform(seed=1)
weights = {
    "enc1": tf.Variable(init((3, 3, 1, 8))),
    "enc2": tf.Variable(init((3, 3, 8, 4))),
    "dec1": tf.Variable(init((3, 3, 8, 4))),
    "dec2": tf.Variable(init((3, 3, 1, 8))),
}
biases = {"enc1": tf.Variable(tf.zeros(8)), "enc2": tf.Variable(tf.zeros(4)), "dec1": tf.Variable(tf.zeros(8)), "dec2": tf.Variable(tf.zeros(1))}
optimizer = tf.keras.optimizers.RMSprop(learning_rate=2e-3)


def conv_net(x):
    n = tf.shape(x)[0]
    x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, weights["enc1"], 2, "SAME"), biases["enc1"]))
    x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, weights["enc2"], 2, "SAME"), biases["enc2"]))
    x = tf.nn.conv2d_transpose(x, weights["dec1"], [n, 8, 8, 8], 2, "SAME")
    x = tf.nn.relu(tf.nn.bias_add(x, biases["dec1"]))
    x = tf.nn.conv2d_transpose(x, weights["dec2"], [n, 16, 16, 1], 2, "SAME")
    return tf.nn.bias_add(x, biases["dec2"])


@tf.function
def run_optimization(x):
    with tf.GradientTape() as g:
        loss = tf.reduce_mean(tf.pow(x - conv_net(x), 2))
    trainable_variables = list(weights.values()) + list(biases.values())
    gradients = g.gradient(loss, trainable_variables)
    optimizer.apply_gradients(zip(gradients, trainable_variables))
    return loss


grid = tf.linspace(0.0, 6.28, 16)
for step in range(1, 151):
    phase = tf.random.uniform((16, 1, 1, 1), 0, 6.28)
    images = tf.sin(grid[None, :, None, None] + phase) * tf.cos(grid[None, None, :, None])
    loss = run_optimization(images)
    if step % 50 == 0 or step == 1:
        print("step: %i, loss: %f" % (step, loss))
