import numpy as np
import tensorflow as tf
from tensorflow import keras


def make_trainer(model, state):
    @tf.function
    def update(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(model(x, training=True) - y))
        grads = tape.gradient(loss, model.trainable_variables)
        state["optimizer"].apply_gradients(zip(grads, model.trainable_variables))
        return loss

    def cool():
        state["optimizer"] = keras.optimizers.SGD(1e-4)

    return update, cool


keras.utils.set_random_seed(6)
temperature = np.random.uniform(-10, 30, (512, 1)).astype("float32")
wind = np.random.uniform(0, 15, (512, 1)).astype("float32")
features = np.concatenate([temperature, wind], axis=1) / 10.0
felt = (1.3 * temperature - 0.7 * wind).astype("float32") / 10.0

model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, name="linear")])
state = {"optimizer": keras.optimizers.Adam(0.05)}
update, cool = make_trainer(model, state)
batches = tf.data.Dataset.from_tensor_slices((features, felt)).batch(64)
for epoch in range(8):
    if epoch == 5:
        cool()
    before = model.get_weights()[0].copy()
    for x, y in batches:
        loss = update(x, y)
    print(epoch, float(loss), "moved", float(np.abs(model.get_weights()[0] - before).sum()))
