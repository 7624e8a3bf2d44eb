import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(44)
rooms = np.random.rand(240, 5).astype("float32")
rent = (rooms @ np.array([[3.0], [1.0], [0.5], [0.0], [-2.0]], "float32")) + 4.0
listings = tf.data.Dataset.from_tensor_slices((rooms, rent)).shuffle(240, seed=2).batch(24)

estimator = tf.keras.Sequential([
    tf.keras.layers.Input((5,)),
    tf.keras.layers.Dense(12, activation="relu"),
    tf.keras.layers.Dense(1),
])
optimizer = tf.keras.optimizers.Adam(1e-2)
loss_fn = tf.keras.losses.MeanSquaredError()


def run_epoch(data):
    with tf.GradientTape() as tape:
        for features, target in data:
            prediction = estimator(features, training=True)
            loss = loss_fn(target, prediction)
    gradients = tape.gradient(loss, estimator.trainable_variables)
    optimizer.apply_gradients(zip(gradients, estimator.trainable_variables))
    return float(loss)


for epoch in range(12):
    print(f"epoch {epoch}: {run_epoch(listings):.3f}")
