import tensorflow as tf

tf.keras.utils.set_random_seed(6)
base = tf.keras.Sequential(
    [tf.keras.Input((8,)), tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(8)], name="base"
)
head = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(3)], name="head")
x = tf.random.normal((128, 8))
y = tf.argmax(x[:, :3], axis=1)
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def make_step(optimizer):
    @tf.function
    def step(xb, yb):
        with tf.GradientTape() as tape:
            loss = loss_fn(yb, head(base(xb, training=True), training=True))
        variables = base.trainable_variables + head.trainable_variables
        grads = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(grads, variables))
        return loss

    return step


optimizer = tf.keras.optimizers.Adam(0.01)
if hasattr(optimizer, "build"):
    optimizer.build(base.trainable_variables + head.trainable_variables)
base.trainable = False
step = make_step(optimizer)
for epoch in range(5):
    loss = step(x, y)
print("frozen", float(loss))
base.trainable = True
for epoch in range(30):
    loss = step(x, y)
print("tuned", float(loss))
