import argparse

import numpy as np
import tensorflow as tf

from nets import build_critic, build_generator
from steps import critic_loss, generator_loss, update


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--latent", type=int, default=2)
    return parser.parse_args()


def main():
    args = parse()
    gen, critic = build_generator(args.latent), build_critic()
    g_opt = tf.keras.optimizers.Adam(1e-3, beta_1=0.5)
    c_opt = tf.keras.optimizers.Adam(1e-3, beta_1=0.5)
    data = np.random.normal(size=(256, 2)).astype("float32")
    ds = tf.data.Dataset.from_tensor_slices(data).shuffle(256).batch(64)

    for epoch in range(args.epochs):
        for real in ds:
            noise = tf.random.normal((tf.shape(real)[0], args.latent))
            with tf.GradientTape() as c_tape, tf.GradientTape() as g_tape:
                fake = gen(noise, training=True)
                real_out = critic(real, training=True)
                fake_out = critic(fake, training=True)
                c_loss = critic_loss(real_out, fake_out)
                g_loss = generator_loss(fake_out)
            update(c_opt, c_tape, c_loss, critic, critic)
            update(g_opt, g_tape, g_loss, gen, critic)  # stuck
            update(g_opt, g_tape, g_loss, gen, gen)  # mended
        print(epoch, float(c_loss), float(g_loss))


if __name__ == "__main__":
    main()
