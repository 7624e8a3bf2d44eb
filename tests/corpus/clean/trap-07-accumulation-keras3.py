import keras
import tensorflow as tf

keras.utils.set_random_seed(11)
model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(0.01, gradient_accumulation_steps=3)
x = keras.random.normal((16, 4), seed=1)
y = x[:, :1] * 2.0


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
    return loss


for step in range(9):
    print(step, float(train_step(x, y)))
