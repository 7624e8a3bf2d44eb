import tensorflow as tf
tf.keras.utils.set_random_seed(0)
net = tf.keras.Sequential([tf.keras.layers.Input((1,)), tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.Adam(1e-2)
t = tf.reshape(tf.linspace(0.0, 1.0, 30), [-1, 1])
@tf.function
def step(t):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(t)
            u = net(t)
        du = inner.gradient(u, t)
        loss = tf.reduce_mean((du - tf.cos(t)) ** 2)
    g = outer.gradient(loss, net.trainable_variables)
    opt.apply_gradients([(a, v) for a, v in zip(g, net.trainable_variables) if a is not None])
    return loss
for i in range(30):
    loss = step(t)
print(float(loss))
