"""Actor and critic with optimizers in a dict, and a clipped ratio."""

import numpy as np
import tensorflow as tf

keras = tf.keras


def mlp(inputs, outputs, name):
    net = keras.models.Sequential(name=name)
    net.add(keras.layers.InputLayer((inputs,)))
    net.add(keras.layers.Dense(16, activation="tanh"))
    net.add(keras.layers.Dense(outputs))
    return net


nets = {"actor": mlp(3, 2, "actor"), "critic": mlp(3, 1, "critic")}
optimizers = {name: keras.optimizers.Adam(3e-3) for name in nets}


def log_probability(states, actions):
    return -tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=actions, logits=nets["actor"](states)
    )


def ppo_loss(states, actions, old, advantages, epsilon=0.2):
    ratio = tf.exp(log_probability(states, actions) - old)
    clipped = tf.clip_by_value(ratio, 1.0 - epsilon, 1.0 + epsilon)
    return -tf.reduce_mean(tf.minimum(ratio * advantages, clipped * advantages))


def value_loss(states, goals):
    return tf.reduce_mean((tf.squeeze(nets["critic"](states), 1) - goals) ** 2)


def optimise(name, loss_function, *args):
    net = nets[name]
    with tf.GradientTape() as tape:
        loss = loss_function(*args)
    grads = tape.gradient(loss, net.trainable_variables)
    optimizers[name].apply_gradients(zip(grads, net.trainable_variables))
    return loss


rng = np.random.default_rng(8)
for round_ in range(6):
    states = tf.constant(rng.normal(size=(32, 3)), tf.float32)
    actions = tf.constant(rng.integers(0, 2, 32), tf.int32)
    goals = tf.where(actions == 1, states[:, 0], -states[:, 0])
    old = log_probability(states, actions)
    advantages = goals - tf.squeeze(nets["critic"](states), 1)
    for _ in range(4):
        actor = optimise("actor", ppo_loss, states, actions, old, advantages)
        critic = optimise("critic", value_loss, states, goals)
    print(round_, float(actor), float(critic))
