import tensorflow as tf

from base import BaseTrainer


class Regression(BaseTrainer):
    def __init__(self, model, **kwargs):
        super().__init__(model, **kwargs)
        self.loss_fn = tf.keras.losses.Huber()

    def compute_loss(self, batch):
        x, y = batch
        return self.loss_fn(y, self.model(x, training=True))


def main():
    model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(8, "tanh"), tf.keras.layers.Dense(1)])
    x = tf.random.normal((64, 3))
    y = tf.reduce_sum(x, axis=1, keepdims=True)
    ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    trainer = Regression(model, learning_rate=1e-2)
    trainer.fit(ds, 3)
    print(trainer.history[-1])


if __name__ == "__main__":
    main()
