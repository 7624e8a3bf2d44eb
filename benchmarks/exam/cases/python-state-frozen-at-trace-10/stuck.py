import tensorflow as tf
import keras

keras.utils.set_random_seed(7)


def two_headed():
    x = keras.Input((6,))
    h = keras.layers.Dense(16, activation="relu", name="trunk")(x)
    return keras.Model(x, [keras.layers.Dense(1, name="price")(h), keras.layers.Dense(1, name="age")(h)])


def trainer(model, optimizer, weights):
    def losses(x, targets):
        return [tf.reduce_mean(tf.abs(t - p)) for t, p in zip(targets, model(x, training=True))]

    @tf.function
    def train(x, targets):
        with tf.GradientTape() as tape:
            parts = losses(x, targets)
            total = tf.add_n([w * part for w, part in zip(weights, parts)])
        grads = tape.gradient(total, model.trainable_weights)
        optimizer.apply_gradients(zip(grads, model.trainable_weights))
        return parts

    return train


model = two_headed()
weights = [1.0, 0.0]
train = trainer(model, keras.optimizers.RMSprop(2e-3), weights)
x = tf.random.normal([64, 6])
targets = [tf.reduce_sum(x, 1, keepdims=True), 2.0 + x[:, :1]]
for phase in range(2):
    for _ in range(25):
        price, age = train(x, targets)
    print("phase", phase, float(price), float(age))
    weights[0], weights[1] = 0.5, 0.5
