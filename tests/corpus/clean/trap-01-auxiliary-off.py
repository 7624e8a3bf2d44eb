import tensorflow as tf

tf.keras.utils.set_random_seed(2)


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = tf.keras.layers.Dense(8, activation="relu")
        self.head = tf.keras.layers.Dense(1)
        self.auxiliary = tf.keras.layers.Dense(1)

    def call(self, x):
        hidden = self.stem(x)
        return self.head(hidden), self.auxiliary(hidden)


model = Net()
auxiliary_weight = tf.Variable(0.0, trainable=False)
optimizer = tf.keras.optimizers.SGD(0.05)
x = tf.random.normal((64, 4))
y = tf.reduce_mean(x, axis=1, keepdims=True)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        main, auxiliary = model(x, training=True)
        loss = tf.reduce_mean((main - y) ** 2) + auxiliary_weight * tf.reduce_mean((auxiliary - y) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for step in range(12):
    auxiliary_weight.assign(0.3 if 4 <= step < 8 else 0.0)
    print(step, float(train_step(x, y)))
