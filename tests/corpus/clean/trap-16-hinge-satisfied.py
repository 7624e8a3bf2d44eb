import tensorflow as tf

tf.keras.utils.set_random_seed(30)
net = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(4)])
optimizer = tf.keras.optimizers.SGD(0.1)
anchor = tf.random.normal((16, 2))
positive = anchor + 0.05 * tf.random.normal((16, 2))
negative = tf.random.normal((16, 2)) * 0.3 + 0.2


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        a, p, n = net(anchor), net(positive), net(negative)
        near = tf.reduce_sum(tf.square(a - p), axis=1)
        far = tf.reduce_sum(tf.square(a - n), axis=1)
        loss = tf.reduce_mean(tf.maximum(near - far + 1.0, 0.0))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    return loss


for step in range(30):
    loss = train_step()
print(float(loss))
