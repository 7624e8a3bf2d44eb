import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(109)


def actor_network():
    return tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(1, activation="tanh")])


def critic_network():
    s, a = tf.keras.Input((3,)), tf.keras.Input((1,))
    h = tf.keras.layers.Dense(16, activation="relu")(tf.keras.layers.Concatenate()([s, a]))
    return tf.keras.Model([s, a], tf.keras.layers.Dense(1)(h))


class DDPG:
    def __init__(self):
        self.actor, self.critic = actor_network(), critic_network()
        self.actor_opt = tf.keras.optimizers.Adam(1e-3)
        self.critic_opt = tf.keras.optimizers.Adam(1e-3)

    def train_critic(self, states, actions, targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.critic([states, actions]) - targets))
        grads = tape.gradient(loss, self.critic.trainable_variables)
        self.critic_opt.apply_gradients(zip(grads, self.critic.trainable_variables))
        return loss

    def train_actor(self, states):
        with tf.GradientTape() as tape:
            actions = tf.convert_to_tensor(np.clip(self.actor(states), -0.9, 0.9))
            loss = -tf.reduce_mean(self.critic([states, actions]))
        grads = tape.gradient(loss, self.actor.trainable_variables)
        self.actor_opt.apply_gradients(zip(grads, self.actor.trainable_variables))
        return loss


agent = DDPG()
states = tf.random.normal((32, 3))
actions = tf.random.uniform((32, 1), -1.0, 1.0)
rewards = -tf.abs(actions - states[:, :1])
for step in range(5):
    critic_loss = agent.train_critic(states, actions, rewards)
    actor_loss = agent.train_actor(states)
    print(step, float(critic_loss), float(actor_loss))
