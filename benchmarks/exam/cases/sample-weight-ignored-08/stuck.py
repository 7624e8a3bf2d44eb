import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(15)


class SAMModel(tf.keras.Model):
    """Perturbs the weights along the gradient before the real step."""

    def __init__(self, net, rho=0.05):
        super().__init__()
        self.net = net
        self.rho = rho
        self.ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")

    def call(self, x, training=None):
        return self.net(x, training=training)

    def objective(self, data):
        x, y = data[0], data[1]
        return tf.reduce_mean(self.ce(y, self(x, training=True)))

    def train_step(self, data):
        variables = self.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.objective(data)
        grads = tape.gradient(loss, variables)
        norm = tf.linalg.global_norm(grads) + 1e-12
        moves = [self.rho * g / norm for g in grads]
        for v, e in zip(variables, moves):
            v.assign_add(e)
        with tf.GradientTape() as tape:
            hard = self.objective(data)
        grads = tape.gradient(hard, variables)
        for v, e in zip(variables, moves):
            v.assign_sub(e)
        self.optimizer.apply_gradients(zip(grads, variables))
        return {"sam": loss}


rng = np.random.default_rng(0)
x = rng.normal(size=(120, 5)).astype("float32")
y = (x[:, 0] > 1.0).astype("int32")
net = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(12, activation="relu"), tf.keras.layers.Dense(2)])
model = SAMModel(net)
model.compile(optimizer=tf.keras.optimizers.Adam(0.01))
history = model.fit(x, y, class_weight={0: 0.3, 1: 3.0}, epochs=3, batch_size=40, verbose=0)
print(history.history["sam"])
