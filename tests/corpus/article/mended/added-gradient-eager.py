import tensorflow as tf


class Line(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.w = self.add_weight(name="w", shape=(), initializer="zeros")
        self.b = self.add_weight(name="b", shape=(), initializer="zeros")

    def call(self, x):
        return self.w * x + self.b


x = tf.constant(2.0)
y = tf.constant(4.0)
model = Line()
optimizer = tf.keras.optimizers.SGD(learning_rate=0.1)

for step in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    for variable, gradient in zip(model.trainable_variables, gradients):
        variable.assign_sub(0.1 * gradient)
    print(f"step {step} loss {loss.numpy():.4f} w {model.w.numpy():.4f} b {model.b.numpy():.4f}")
