import tensorflow as tf

tf.keras.utils.set_random_seed(18)
L = tf.keras.layers


class ResBlock(L.Layer):
    def __init__(self, filters):
        super().__init__()
        self.conv = L.Conv2D(filters, 3, padding="same")
        self.bn = L.BatchNormalization()

    def call(self, x, training=False):
        return x + tf.nn.relu(self.bn(self.conv(x), training=training))


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = L.Conv2D(4, 3, padding="same")
        self.blocks = [ResBlock(4) for _ in range(2)]
        self.pool = L.GlobalAveragePooling2D()
        self.fc = L.Dense(2)

    def call(self, x, training=False):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x, training=training)
        return self.fc(self.pool(x))


class Runner:
    def __init__(self):
        self.net = Net()
        self.opt = tf.keras.optimizers.Adam(0.01)
        self.ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def forward(self, x, train=False):
        return self.net(x, training=train)

    def loss(self, x, y):
        return self.ce(y, self.forward(x))

    def train(self, x, y, epochs):
        for epoch in range(epochs):
            with tf.GradientTape() as tape:
                loss = self.loss(x, y)
            grads = tape.gradient(loss, self.net.trainable_variables)
            self.opt.apply_gradients(zip(grads, self.net.trainable_variables))
            print(epoch, float(loss))

    def evaluate(self, x, y):
        return tf.reduce_mean(tf.cast(tf.argmax(self.forward(x), 1) == y, tf.float32))


x = 3.0 + 2.0 * tf.random.normal([24, 6, 6, 1])
y = tf.cast(tf.reduce_mean(x, axis=[1, 2, 3]) > 3.0, tf.int64)
runner = Runner()
runner.train(x, y, 5)
print(float(runner.evaluate(x, y)))
