import tensorflow as tf
from tensorflow import keras

backbone = keras.Sequential([keras.Input((32,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(32, "relu")])
backbone.trainable = False
head = keras.layers.Dense(2)
model = keras.Sequential([backbone, head])
model.build((None, 32))
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
opt = keras.optimizers.Adam(1e-3)
opt.build(backbone.variables + head.variables)


def make_step():
    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        opt.apply_gradients(zip(grads, model.trainable_variables))
        return loss

    return step


def run(step, n):
    for _ in range(n):
        step(tf.random.normal((8, 32)), tf.zeros((8,), tf.int32))


step = make_step()
run(step, 5)
print("fine-tuning")
backbone.trainable = True  # here
step = make_step()  # mended
run(step, 5)  # here
