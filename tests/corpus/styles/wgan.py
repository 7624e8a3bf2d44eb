"""A Wasserstein GAN with a penalty, as plain functions."""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import layers, optimizers

LATENT = 8


def make_generator():
    z = layers.Input((LATENT,))
    h = layers.Dense(32, activation="relu")(z)
    h = layers.BatchNormalization()(h)
    return keras.Model(z, layers.Dense(2)(h), name="generator")


def make_critic():
    x = layers.Input((2,))
    h = layers.Dense(32)(x)
    h = layers.LeakyReLU(0.2)(h)
    return keras.Model(x, layers.Dense(1)(h), name="critic")


def penalty(critic, real, fake):
    mix = tf.random.uniform((tf.shape(real)[0], 1))
    between = mix * real + (1.0 - mix) * fake
    with tf.GradientTape() as inner:
        inner.watch(between)
        score = critic(between, training=True)
    slope = inner.gradient(score, between)
    length = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=1) + 1e-12)
    return tf.reduce_mean(tf.square(length - 1.0))


def critic_step(generator, critic, opt, real, weight=10.0):
    noise = tf.random.normal((tf.shape(real)[0], LATENT))
    with tf.GradientTape() as tape:
        fake = generator(noise, training=True)
        wasserstein = tf.reduce_mean(critic(fake, training=True)) - tf.reduce_mean(
            critic(real, training=True)
        )
        loss = wasserstein + weight * penalty(critic, real, fake)
    opt.apply_gradients(
        zip(tape.gradient(loss, critic.trainable_weights), critic.trainable_weights)
    )
    return loss


def generator_step(generator, critic, opt, count):
    noise = tf.random.normal((count, LATENT))
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(critic(generator(noise, training=True), training=True))
    weights = generator.trainable_weights
    opt.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return loss


def train(steps=12):
    generator, critic = make_generator(), make_critic()
    g_opt = optimizers.Adam(1e-3, beta_1=0.5)
    c_opt = optimizers.Adam(1e-3, beta_1=0.5)
    train_critic = tf.function(functools.partial(critic_step, generator, critic, c_opt))
    train_generator = tf.function(functools.partial(generator_step, generator, critic, g_opt))
    circle = np.random.default_rng(1).normal(size=(64, 2)).astype("float32")
    for step in range(steps):
        for _ in range(3):
            c_loss = train_critic(tf.constant(circle))
        g_loss = train_generator(64)
        if step % 5 == 0:
            print(step, float(c_loss), float(g_loss))


train()
