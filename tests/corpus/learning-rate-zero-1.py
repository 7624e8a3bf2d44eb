import tensorflow as tf

tf.keras.utils.set_random_seed(128)
BATCHES, EPOCHS = 8, 3
schedule = tf.keras.optimizers.schedules.PolynomialDecay(
    initial_learning_rate=0.01, decay_steps=EPOCHS // 2, end_learning_rate=0.0
)
model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(12, activation="relu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(schedule)
x = tf.random.normal((64, 5))
y = tf.reduce_max(x, axis=1, keepdims=True)
dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(64 // BATCHES)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(EPOCHS):
    for batch in dataset:
        loss = train_step(*batch)
    print(epoch, float(loss))
