import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(2)
rng = np.random.default_rng(0)


def mlp(inputs, outputs, last=None):
    return tf.keras.Sequential(
        [
            tf.keras.Input((inputs,)),
            tf.keras.layers.Dense(16, activation="relu"),
            tf.keras.layers.Dense(outputs, activation=last),
        ]
    )


class Agent:
    def __init__(self):
        self.actor = mlp(3, 1, "tanh")
        self.critic = mlp(4, 1)
        self.actor_optimizer = tf.keras.optimizers.Adam(1e-3)
        self.critic_optimizer = tf.keras.optimizers.Adam(2e-3)

    def policy(self, states):
        action = self.actor(states)
        return np.clip(action, -1.0, 1.0)

    def learn(self, states, actions, rewards):
        with tf.GradientTape() as tape:
            q = self.critic(tf.concat([states, actions], axis=1))
            critic_loss = tf.reduce_mean(tf.square(rewards - q))
        grads = tape.gradient(critic_loss, self.critic.trainable_variables)
        self.critic_optimizer.apply_gradients(zip(grads, self.critic.trainable_variables))

        with tf.GradientTape() as tape:
            chosen = self.policy(states)
            value = self.critic(tf.concat([states, chosen], axis=1))
            actor_loss = -tf.reduce_mean(value)
        grads = tape.gradient(actor_loss, self.actor.trainable_variables)
        if any(g is not None for g in grads):
            self.actor_optimizer.apply_gradients(zip(grads, self.actor.trainable_variables))
        return float(critic_loss), float(actor_loss)


agent = Agent()
for step in range(60):
    states = rng.normal(size=(32, 3)).astype("float32")
    actions = np.clip(agent.policy(states) + rng.normal(size=(32, 1)) * 0.3, -1, 1).astype("float32")
    rewards = (states[:, :1] * actions - 0.1 * actions**2).astype("float32")
    losses = agent.learn(states, actions, rewards)
    if step % 20 == 0:
        print(step, *losses)
