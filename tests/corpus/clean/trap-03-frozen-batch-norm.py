import tensorflow as tf

tf.keras.utils.set_random_seed(4)
base = tf.keras.Sequential([
    tf.keras.Input((6,)),
    tf.keras.layers.Dense(12),
    tf.keras.layers.BatchNormalization(),
    tf.keras.layers.ReLU(),
])
base.trainable = False
inputs = tf.keras.Input((6,))
hidden = base(inputs, training=False)
hidden = tf.keras.layers.Dropout(0.2)(hidden)
model = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(hidden))
optimizer = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((64, 6), mean=2.0)
y = x[:, :1] - x[:, 1:2]
dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


for epoch in range(3):
    for batch in dataset:
        loss = train_step(*batch)
    print(epoch, float(loss))
