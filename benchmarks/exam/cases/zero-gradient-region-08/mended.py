import tensorflow as tf

tf.random.set_seed(47)
points = tf.random.uniform((250, 2, 1))
labels = tf.cast(points[:, :1] + points[:, 1:] > 1.0, tf.float32)

w0 = tf.Variable(tf.random.normal((4, 2)), name="w0")
b0 = tf.Variable(tf.zeros((4, 1)), name="b0")
w1 = tf.Variable(tf.random.normal((1, 4)), name="w1")
b1 = tf.Variable(tf.zeros((1, 1)), name="b1")
loss = tf.keras.losses.BinaryCrossentropy()
optimizer = tf.keras.optimizers.Adam(0.05)


def forward(x):
    return tf.sigmoid(tf.matmul(w1, tf.nn.relu(tf.matmul(w0, x) + b0)) + b1)


for epoch in range(60):
    with tf.GradientTape() as t:
        current = loss(labels, forward(points))
    variables = [w0, b0, w1, b1]
    optimizer.apply_gradients(zip(t.gradient(current, variables), variables))
    if epoch % 20 == 0:
        print(epoch, float(current))
