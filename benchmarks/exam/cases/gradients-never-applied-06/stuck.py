import tensorflow as tf

tf.keras.utils.set_random_seed(0)
X = tf.random.normal((256, 5))
Y = tf.reduce_sum(X[:, :2], axis=1, keepdims=True)
train_ds = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(256, seed=0).batch(32)

net = tf.keras.Sequential([tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(1)])
net.build((None, 5))
opt = tf.keras.optimizers.Adam(0.01)
mse = tf.keras.losses.MeanSquaredError()


def train(model, ds, epochs):
    for epoch in range(epochs):
        total = 0.0
        for xb, yb in ds:
            with tf.GradientTape() as tape:
                loss = mse(yb, model(xb, training=True))
            g = tape.gradient(loss, model.trainable_variables)
            opt.apply_gradients(zip(g, model.trainable_variables))
            total += float(loss)
        yield epoch, total / 8


print("before", float(mse(Y, net(X))))
train(net, train_ds, 10)
print("after", float(mse(Y, net(X))))
