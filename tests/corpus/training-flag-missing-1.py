import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(133)


class Residual(layers.Layer):
    def __init__(self, filters):
        super().__init__()
        self.conv = layers.Conv2D(filters, 3, padding="same", use_bias=False)
        self.norm = layers.BatchNormalization()

    def call(self, x, training=None):
        return x + tf.nn.relu(self.norm(self.conv(x), training=training))


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = layers.Conv2D(4, 3)
        self.block = Residual(4)
        self.head = layers.Dense(2)

    def call(self, x, training=None):
        x = self.block(self.stem(x), training=training)
        return self.head(tf.reduce_mean(x, axis=[1, 2]))


net = Net()
optimizer = tf.keras.optimizers.Adam(0.01)
x = 5.0 + 2.0 * tf.random.normal((32, 8, 8, 1))
y = tf.cast(tf.reduce_mean(x, axis=[1, 2, 3]) > 5.0, tf.int32)
for step in range(6):
    with tf.GradientTape() as tape:
        logits = net(x)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    print(step, float(loss))
print("test", float(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=net(x, training=False)))))
