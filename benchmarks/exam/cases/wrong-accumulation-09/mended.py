import tensorflow as tf
import keras

keras.utils.set_random_seed(33)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(12, activation="relu"), keras.layers.Dense(2)])
optimizer = keras.optimizers.Adam(0.01)
x = tf.random.normal([96, 4])
y = tf.cast(x[:, 0] > x[:, 1], tf.int32)
settings = {"chunks": 4, "epochs": 6}


def grads_of(a, b):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=b, logits=model(a, training=True)))
    return loss, tape.gradient(loss, model.trainable_variables)


for epoch in range(settings["epochs"]):
    for big in range(0, 96, 32):
        total = [tf.zeros_like(v) for v in model.trainable_variables]
        for k in range(settings["chunks"]):
            at = slice(big + 8 * k, big + 8 * k + 8)
            loss, grads = grads_of(x[at], y[at])
            total = [t + g / settings["chunks"] for t, g in zip(total, grads)]
        optimizer.apply_gradients(zip(total, model.trainable_variables))
    print(epoch, float(loss))
