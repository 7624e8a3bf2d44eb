import numpy as np
import tensorflow as tf

tf.random.set_seed(3)
rng = np.random.default_rng(3)


class Net(tf.Module):
    def __init__(self, sizes, name=None):
        super().__init__(name=name)
        self.weights = []
        self.biases = []
        for a, b in zip(sizes[:-1], sizes[1:]):
            self.weights.append(tf.Variable(tf.random.normal([a, b]) / np.sqrt(a), name="w"))
            self.biases.append(tf.Variable(tf.zeros([b]), name="b"))

    def __call__(self, h):
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            h = tf.nn.tanh(h @ w + b)
        return h @ self.weights[-1] + self.biases[-1]


class Agent:
    def __init__(self, observations, actions):
        self.policy = Net([observations, 16, actions], name="policy")
        self.critic = Net([observations, 16, 1], name="critic")
        self.policy_opt = tf.keras.optimizers.Adam(5e-3)
        self.critic_opt = tf.keras.optimizers.SGD(2e-2)

    @tf.function
    def learn(self, states, actions, returns):
        with tf.GradientTape() as tape:
            values = tf.squeeze(self.critic(states), -1)
            fit = tf.reduce_mean(tf.square(returns - values))
        critic_grads = tape.gradient(fit, self.critic.trainable_variables)
        self.critic_opt.apply_gradients(zip(critic_grads, self.critic.trainable_variables))
        advantage = returns - tf.stop_gradient(values)
        with tf.GradientTape() as tape:
            logp = tf.nn.log_softmax(self.policy(states))
            chosen = tf.gather(logp, actions, batch_dims=1)
            objective = tf.reduce_mean(chosen * advantage)
        policy_grads = tape.gradient(objective, self.policy.trainable_variables)
        self.policy_opt.apply_gradients(zip(policy_grads, self.policy.trainable_variables))
        return fit

    def act(self, state):
        logits = self.policy(tf.constant(state[None], tf.float32)).numpy()[0]
        p = np.exp(logits - logits.max())
        return int(rng.choice(len(p), p=p / p.sum()))


agent = Agent(3, 2)
for episode in range(12):
    states, actions, rewards = [], [], []
    for t in range(24):
        s = rng.normal(size=3).astype("float32")
        a = agent.act(s)
        states.append(s)
        actions.append(a)
        rewards.append(float(a == int(s[0] > 0)) - 0.5 + 0.3 * s[1])
    returns = np.array(rewards, "float32")
    fit = agent.learn(tf.constant(np.stack(states)), tf.constant(actions), tf.constant(returns))
    print(episode, "reward", round(float(returns.mean()), 3), "value error", round(float(fit), 4))
