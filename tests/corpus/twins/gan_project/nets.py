import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


def build_generator(latent_dim=16, width=32):
    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(width, activation="relu"),
            layers.Dense(width, activation="relu"),
            layers.Dense(2),
        ],
        name="generator",
    )


def build_critic(width=32):
    return keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(width, activation="relu"),
            layers.Dense(width, activation="relu"),
            layers.Dense(1),
        ],
        name="critic",
    )
