import tensorflow as tf

tf.keras.utils.set_random_seed(14)
gate = tf.Variable([0.5, -0.5, 1.0], name="gate")
scale = tf.Variable([1.0, 1.0, 1.0], name="scale")
optimizer = tf.keras.optimizers.AdamW(0.01, weight_decay=0.1)
x = tf.random.normal((32, 3))
y = 2.0 * x[:, 0]


@tf.function
def train_step(mask):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.reduce_sum(x * gate * scale * mask, axis=1) - y))
    gradients = tape.gradient(loss, [gate, scale])
    optimizer.apply_gradients(zip(gradients, [gate, scale]))
    return loss


for step in range(12):
    mask = tf.constant([1.0, 1.0, 1.0]) if step < 6 else tf.constant([1.0, 0.0, 0.0])
    loss = train_step(mask)
print(float(loss), gate.numpy(), scale.numpy())
