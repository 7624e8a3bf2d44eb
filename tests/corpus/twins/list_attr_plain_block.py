import tensorflow as tf


class MLPBlock:
    def __init__(self, units):
        self.dense = tf.keras.layers.Dense(units, activation="gelu")  # here
        self.norm = tf.keras.layers.LayerNormalization()

    def __call__(self, x):
        return self.norm(x + self.dense(x))


class Mixer(tf.keras.Model):
    def __init__(self, units, depth, classes):
        super().__init__()
        self.stem = tf.keras.layers.Dense(units)
        self.blocks = [MLPBlock(units) for _ in range(depth)]  # stuck
        self.blocks = [tf.keras.Sequential([tf.keras.layers.Dense(units), tf.keras.layers.LayerNormalization()]) for _ in range(depth)]  # mended
        self.head = tf.keras.layers.Dense(classes)

    def call(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


model = Mixer(32, 3, 4)
opt = tf.keras.optimizers.Adam(1e-3)
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
for _ in range(5):
    x, y = tf.random.normal((16, 10)), tf.random.uniform((16,), 0, 4, tf.int32)
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    grads = tape.gradient(loss, model.trainable_variables)  # here
    opt.apply_gradients(zip(grads, model.trainable_variables))
