"""DDPG: the actor climbs the critic, whose own weights stay out of that update."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(32)
actor = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(24, "relu"), keras.layers.Dense(1, "tanh")])
state_in, action_in = keras.layers.Input((2,)), keras.layers.Input((1,))
h = keras.layers.Dense(24, activation="relu")(keras.layers.Concatenate()([state_in, action_in]))
critic = keras.Model([state_in, action_in], keras.layers.Dense(1)(h))
target_actor = keras.models.clone_model(actor)
target_critic = keras.models.clone_model(critic)
target_actor.set_weights(actor.get_weights())
target_critic.set_weights(critic.get_weights())
actor_optimizer = keras.optimizers.Adam(2e-3)
critic_optimizer = keras.optimizers.Adam(4e-3)


@tf.function
def update(state, action, reward, next_state):
    with tf.GradientTape() as tape:
        next_action = target_actor(next_state, training=True)
        y = reward + 0.9 * target_critic([next_state, next_action], training=True)
        value = critic([state, action], training=True)
        critic_loss = tf.math.reduce_mean(tf.math.square(y - value))
    critic_grad = tape.gradient(critic_loss, critic.trainable_variables)
    critic_optimizer.apply_gradients(zip(critic_grad, critic.trainable_variables))

    with tf.GradientTape() as tape:
        actions = actor(state, training=True)
        # Used `-value` as we want to maximize the value given by the critic for our actions
        actor_loss = -tf.math.reduce_mean(critic([state, actions], training=True))
    actor_grad = tape.gradient(actor_loss, actor.trainable_variables)
    actor_optimizer.apply_gradients(zip(actor_grad, actor.trainable_variables))
    return critic_loss


def update_target(target, original, tau):
    target_weights = target.get_weights()
    original_weights = original.get_weights()
    for i in range(len(target_weights)):
        target_weights[i] = original_weights[i] * tau + target_weights[i] * (1 - tau)
    target.set_weights(target_weights)


rng = np.random.default_rng(32)
s = rng.uniform(-1, 1, (512, 2)).astype("float32")
a = rng.uniform(-1, 1, (512, 1)).astype("float32")
s2 = np.clip(s + 0.2 * a, -1, 1).astype("float32")
r = -np.sum(s2**2, 1, keepdims=True).astype("float32")
losses = []
for i in range(150):
    idx = rng.integers(0, 512, 64)
    losses.append(float(update(*(tf.constant(v[idx]) for v in (s, a, r, s2)))))
    if i % 5 == 0:
        update_target(target_actor, actor, 0.1)
        update_target(target_critic, critic, 0.1)
print("loss", np.mean(losses[:10]))
print("loss", np.mean(losses[-10:]))
