import numpy as np
import tensorflow as tf
from tensorflow import keras


def network(name, outputs):
    return keras.Sequential([
        keras.Input((3,)),
        keras.layers.Dense(24, activation="tanh", name=f"{name}_hidden"),
        keras.layers.Dense(outputs, name=f"{name}_out"),
    ], name=name)


class AdvantageActorCritic:
    def __init__(self, rates):
        self.nets = {"actor": network("actor", 2), "critic": network("critic", 1)}
        self.optimizers = {name: keras.optimizers.Adam(rate) for name, rate in rates.items()}

    def losses(self, states, actions, returns):
        values = self.nets["critic"](states)[:, 0]
        log_policy = tf.nn.log_softmax(self.nets["actor"](states))
        advantage = returns - values
        chosen = tf.gather(log_policy, actions, axis=1, batch_dims=1)
        entropy = -tf.reduce_sum(tf.exp(log_policy) * log_policy, axis=1)
        return {
            "actor": -tf.reduce_mean(chosen * tf.stop_gradient(advantage) + 0.01 * entropy),
            "critic": tf.reduce_mean(tf.square(advantage)),
        }

    @tf.function
    def learn(self, *batch):
        with tf.GradientTape(persistent=True) as tape:
            losses = self.losses(*batch)
        gradients = {name: tape.gradient(losses[name], net.trainable_variables)
                     for name, net in self.nets.items()}
        for name, net in self.nets.items():
            self.optimizers[name].apply_gradients(zip(gradients[name], net.trainable_variables))
        return losses


def bandit(count):
    states = np.random.randn(count, 3).astype("float32")
    actions = np.random.randint(0, 2, count)
    rewards = np.where(actions == (states[:, 0] > 0), 1.0, -1.0) + 0.1 * np.random.randn(count)
    return states, actions, rewards.astype("float32")


keras.utils.set_random_seed(52)
agent = AdvantageActorCritic({"actor": 5e-3, "critic": 1e-2})
for round_ in range(40):
    losses = agent.learn(*(tf.constant(part) for part in bandit(64)))
    if round_ % 10 == 0:
        print(round_, {name: round(float(loss), 4) for name, loss in losses.items()})
