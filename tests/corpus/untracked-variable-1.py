import tensorflow as tf

tf.keras.utils.set_random_seed(101)


class LearnedTemperature(tf.keras.layers.Layer):
    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.log_temperature = tf.Variable(tf.math.log(start), name="log_temperature")

    def call(self, logits):
        return logits / tf.exp(self.log_temperature)


model = tf.keras.Sequential([
    tf.keras.Input((10,)),
    tf.keras.layers.Dense(16, activation="relu"),
    tf.keras.layers.Dense(4),
    LearnedTemperature(2.0),
])
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(5e-3)
x = tf.random.normal((128, 10))
y = tf.argmax(x[:, :4], axis=1)


@tf.function
def train_on_batch(features, labels):
    with tf.GradientTape() as tape:
        loss = loss_fn(labels, model(features, training=True))
    weights = model.trainable_weights
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return loss


for epoch in range(4):
    for features, labels in tf.data.Dataset.from_tensor_slices((x, y)).batch(32):
        loss = train_on_batch(features, labels)
    print(epoch, float(loss), float(model.layers[-1].log_temperature))
