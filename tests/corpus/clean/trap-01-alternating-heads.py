import tensorflow as tf

tf.keras.utils.set_random_seed(1)
inputs = tf.keras.Input((6,))
body = tf.keras.layers.Dense(8, activation="tanh", name="body")(inputs)
depth = tf.keras.layers.Dense(1, name="depth")(body)
label = tf.keras.layers.Dense(3, name="label")(body)
model = tf.keras.Model(inputs, [depth, label])
optimizer = tf.keras.optimizers.Adam(0.01)
cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
x = tf.random.normal((32, 6))
distance = tf.reduce_sum(x, axis=1, keepdims=True)
kind = tf.cast(tf.argmax(x[:, :3], axis=1), tf.int32)
body_variables = model.get_layer("body").trainable_variables
heads = {
    "depth": body_variables + model.get_layer("depth").trainable_variables,
    "label": body_variables + model.get_layer("label").trainable_variables,
}
optimizer.build(model.trainable_variables)

for step in range(10):
    task = "depth" if step % 2 == 0 else "label"
    with tf.GradientTape() as tape:
        predicted_distance, logits = model(x, training=True)
        if task == "depth":
            loss = tf.reduce_mean(tf.square(predicted_distance - distance))
        else:
            loss = cross_entropy(kind, logits)
    variables = heads[task]
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    print(task, float(loss))
