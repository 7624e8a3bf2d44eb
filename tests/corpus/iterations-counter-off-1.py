import tensorflow as tf

tf.keras.utils.set_random_seed(17)
model = tf.keras.Sequential(
    [
        tf.keras.Input((6,)),
        tf.keras.layers.Dense(16, activation="relu"),
        tf.keras.layers.Dense(16, activation="relu"),
        tf.keras.layers.Dense(1),
    ]
)
schedule = tf.keras.optimizers.schedules.CosineDecay(0.02, decay_steps=120)
optimizer = tf.keras.optimizers.Adam(schedule)
optimizer.build(model.trainable_variables)
x = tf.random.normal((240, 6))
y = tf.reduce_sum(x**2, axis=1, keepdims=True)


@tf.function
def train_step(xb, yb):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(xb, training=True) - yb))
    grads = tape.gradient(loss, model.trainable_variables)
    for g, v in zip(grads, model.trainable_variables):
        optimizer.apply_gradients([(tf.clip_by_norm(g, 1.0), v)])
    return loss


for step in range(120):
    i = (step * 24) % 240
    loss = train_step(x[i : i + 24], y[i : i + 24])
    if step % 30 == 0:
        print(step, float(loss))
