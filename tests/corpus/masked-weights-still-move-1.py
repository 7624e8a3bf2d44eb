import tensorflow as tf

tf.keras.utils.set_random_seed(41)
model = tf.keras.Sequential(
    [tf.keras.Input((10,)), tf.keras.layers.Dense(20, activation="relu", name="wide"), tf.keras.layers.Dense(1, name="out")]
)
optimizer = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((200, 10))
y = tf.reduce_sum(x[:, :3], axis=1, keepdims=True)


@tf.function
def dense_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


def prune(fraction):
    masks = []
    for v in model.trainable_variables:
        if len(v.shape) == 2:
            flat = tf.sort(tf.reshape(tf.abs(v), [-1]))
            cut = flat[int(fraction * int(flat.shape[0]))]
            mask = tf.cast(tf.abs(v) >= cut, tf.float32)
            v.assign(v * mask)
        else:
            mask = tf.ones_like(v)
        masks.append(mask)
    return masks


for i in range(30):
    loss = dense_step()
print("dense", float(loss))
masks = prune(0.5)


@tf.function
def sparse_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    grads = [g * m for g, m in zip(grads, masks)]
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for i in range(40):
    loss = sparse_step()
print("sparse", float(loss), [float(tf.reduce_mean(tf.cast(v == 0, tf.float32))) for v in model.trainable_variables])
