"""The older optimizers of tf-keras, with get_weights and a decayed rate."""
import tensorflow as tf
import tf_keras as keras

tf.random.set_seed(61)
layer_1 = keras.layers.Dense(20, activation=tf.nn.relu)
layer_2 = keras.layers.Dense(1)
optimizer = keras.optimizers.legacy.SGD(learning_rate=0.05, momentum=0.9, nesterov=True, decay=1e-3)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        prediction = layer_2(layer_1(x))
        loss = keras.losses.mean_squared_error(y, prediction)
        loss = tf.reduce_mean(loss)
    variables = layer_1.trainable_variables + layer_2.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


x = tf.random.normal((128, 3))
y = tf.abs(x[:, :1]) + x[:, 1:2]
for i in range(150):
    value = step(x, y)
    if i % 49 == 0:
        print("iteration", i, "loss", value.numpy())
