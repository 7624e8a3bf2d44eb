import tensorflow as tf

tf.keras.utils.set_random_seed(140)


def compute_loss(model, loss_object, x, y):
    return loss_object(y, model(x))


def train(model, dataset, epochs=3):
    loss_object = tf.keras.losses.CategoricalCrossentropy(from_logits=True)
    optimizer = tf.keras.optimizers.Adam(0.005)

    @tf.function
    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = compute_loss(model, loss_object, x, y)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return loss

    for epoch in range(epochs):
        for x, y in dataset:
            loss = train_step(x, y)
        print(epoch, float(loss))


x = tf.random.normal((96, 10), mean=3.0)
y = tf.one_hot(tf.argmax(x[:, :3], axis=1), 3)
model = tf.keras.Sequential([
    tf.keras.Input((10,)),
    tf.keras.layers.BatchNormalization(),
    tf.keras.layers.Dense(32, activation="relu"),
    tf.keras.layers.Dropout(0.5),
    tf.keras.layers.Dense(3),
])
train(model, tf.data.Dataset.from_tensor_slices((x, y)).batch(32))
