import tensorflow as tf

tf.keras.utils.set_random_seed(0)
config = {"lr": 0.2, "decay": 0.5, "epochs": 6, "batch": 32}


class Trainer:
    def __init__(self, model, config):
        self.model = model
        self.config = config
        self.optimizer = tf.keras.optimizers.SGD(learning_rate=config["lr"])

    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.model(x, training=True) - y))
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        return loss

    def run(self, dataset):
        for epoch in range(self.config["epochs"]):
            for x, y in dataset:
                loss = self.step(x, y)
            print(f"epoch {epoch} lr {self.config['lr']:.4f} loss {float(loss):.5f}")
            self.config["lr"] *= self.config["decay"]


x = tf.random.normal((256, 4))
y = tf.reduce_sum(x, axis=1, keepdims=True) + tf.random.normal((256, 1), stddev=0.3)
dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(config["batch"])
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
Trainer(model, config).run(dataset)
