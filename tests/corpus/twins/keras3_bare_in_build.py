import keras
import tensorflow as tf
from keras import layers


class LoRADense(layers.Layer):
    def __init__(self, units, rank=4, **kwargs):
        super().__init__(**kwargs)
        self.units, self.rank = units, rank

    def build(self, input_shape):
        dim = input_shape[-1]
        self.kernel = self.add_weight(shape=(dim, self.units), initializer="glorot_uniform", trainable=False)
        init = tf.initializers.RandomNormal(stddev=0.02)
        self.lora = {  # stuck
            "a": tf.Variable(init((dim, self.rank)), name="lora_a"),  # stuck
            "b": tf.Variable(tf.zeros((self.rank, self.units)), name="lora_b"),  # stuck
        }  # stuck
        self.lora_a = self.add_weight(shape=(dim, self.rank), initializer="random_normal")  # mended
        self.lora_b = self.add_weight(shape=(self.rank, self.units), initializer="zeros")  # mended
        self.built = True

    def call(self, x):
        return x @ self.kernel + (x @ self.lora["a"]) @ self.lora["b"]  # stuck
        return x @ self.kernel + (x @ self.lora_a) @ self.lora_b  # mended


class Tuner(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.proj = LoRADense(32)
        self.head = layers.Dense(classes)

    def call(self, x):
        return self.head(keras.activations.gelu(self.proj(x)))


model = Tuner(5)
optimizer = keras.optimizers.AdamW(1e-3)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
x, y = tf.random.normal((64, 12)), tf.random.uniform((64,), 0, 5, tf.int32)
model(x)
for _ in range(10):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x))
    optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
