import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, models, optimizers

tf.keras.utils.set_random_seed(125)


class Gan:
    def __init__(self):
        self.critic = models.Sequential([layers.Input((2,)), layers.Dense(16, activation="relu", name="c1"),
                                         layers.Dense(1, activation="sigmoid", name="c2")])
        self.critic.compile(loss="binary_crossentropy", optimizer=optimizers.Adam(0.005))
        self.maker = models.Sequential([layers.Input((3,)), layers.Dense(16, activation="relu", name="m1"),
                                        layers.Dense(2, name="m2")])
        noise = layers.Input((3,))
        self.critic.trainable = False
        self.both = models.Model(noise, self.critic(self.maker(noise)))
        self.both.compile(loss="binary_crossentropy", optimizer=optimizers.Adam(0.005))

    def train(self, turns):
        half = np.ones((32, 1)), np.zeros((32, 1))
        for turn in range(turns):
            real = np.random.normal(1.5, 0.3, (32, 2)).astype("float32")
            fake = self.maker(np.random.randn(32, 3).astype("float32")).numpy()
            loss = self.critic.train_on_batch(real, half[0]) + self.critic.train_on_batch(fake, half[1])
            self.both.train_on_batch(np.random.randn(32, 3).astype("float32"), half[0])
            if turn % 5 == 0:
                print("turn", turn, "critic", round(float(loss), 5))


Gan().train(21)
