import tensorflow as tf

tf.keras.utils.set_random_seed(50)
shared = tf.keras.layers.Dense(8, activation="relu")
left, right = tf.keras.layers.Dense(1), tf.keras.layers.Dense(1)
optimizers = {"left": tf.keras.optimizers.Adam(0.01), "right": tf.keras.optimizers.Adam(0.01)}
x = tf.random.normal((32, 4))
targets = {"left": x[:, :1], "right": tf.square(x[:, 1:2])}
heads = {"left": left, "right": right}
shared(x), left(shared(x)), right(shared(x))

for step in range(8):
    with tf.GradientTape() as left_tape, tf.GradientTape() as right_tape:
        hidden = shared(x)
        losses = {name: tf.reduce_mean((heads[name](hidden) - targets[name]) ** 2) for name in heads}
    tapes = {"left": left_tape, "right": right_tape}
    for name, tape in tapes.items():
        variables = heads[name].trainable_variables + (shared.trainable_variables if name == "left" else [])
        gradients = tape.gradient(losses[name], variables)
        optimizers[name].apply_gradients(list(zip(gradients, variables)))
print({name: round(float(loss), 4) for name, loss in losses.items()})
