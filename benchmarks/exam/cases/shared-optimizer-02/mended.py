import numpy as np
import tensorflow as tf
from tensorflow.keras import Sequential, layers, optimizers

tf.keras.utils.set_random_seed(48)
states = np.random.randn(240, 4).astype("float32")
returns = (states[:, :1] ** 2).astype("float32")
actions = (states[:, 1] > 0).astype("int32")

actor = Sequential([layers.Input((4,)), layers.Dense(12, activation="tanh", name="pi"), layers.Dense(2, name="logits")])
critic = Sequential([layers.Input((4,)), layers.Dense(12, activation="tanh", name="v"), layers.Dense(1, name="value")])
actor_optimizer = optimizers.Adam(0.01)
critic_optimizer = optimizers.Adam(0.02)
actor_optimizer.build(actor.trainable_variables)


def update(obs, act, ret):
    with tf.GradientTape() as tape:
        value_loss = tf.reduce_mean(tf.square(critic(obs) - ret))
    grads = tape.gradient(value_loss, critic.trainable_variables)
    critic_optimizer.apply_gradients(zip(grads, critic.trainable_variables))
    advantage = ret - critic(obs)
    with tf.GradientTape() as tape:
        nll = tf.nn.sparse_softmax_cross_entropy_with_logits(act, actor(obs))
        policy_loss = tf.reduce_mean(nll * tf.stop_gradient(tf.squeeze(tf.nn.sigmoid(advantage), 1)))
    grads = tape.gradient(policy_loss, actor.trainable_variables)
    actor_optimizer.apply_gradients(zip(grads, actor.trainable_variables))
    return value_loss + policy_loss


for sweep in range(6):
    for i in range(0, 240, 60):
        total = update(states[i:i + 60], actions[i:i + 60], returns[i:i + 60])
    print("sweep", sweep, "loss", float(total))
