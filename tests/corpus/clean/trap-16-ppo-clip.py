import tensorflow as tf

tf.keras.utils.set_random_seed(31)


class ActorCritic(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.body = tf.keras.layers.Dense(16, activation="relu")
        self.policy = tf.keras.layers.Dense(3)
        self.value = tf.keras.layers.Dense(1)

    def call(self, states):
        hidden = self.body(states)
        return self.policy(hidden), tf.squeeze(self.value(hidden), -1)


def log_probability(logits, actions):
    return -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)


net = ActorCritic()
optimizer = tf.keras.optimizers.Adam(3e-2)
states = tf.random.normal((64, 4))
logits, values = net(states)
actions = tf.random.categorical(logits, 1)[:, 0]
old = log_probability(logits, actions)
returns = tf.random.normal((64,))
advantages = returns - values
advantages = (advantages - tf.reduce_mean(advantages)) / (tf.math.reduce_std(advantages) + 1e-8)


@tf.function
def train_step(states, actions, old, advantages, returns, epsilon=0.2):
    with tf.GradientTape() as tape:
        logits, values = net(states)
        ratio = tf.exp(log_probability(logits, actions) - old)
        clipped = tf.clip_by_value(ratio, 1.0 - epsilon, 1.0 + epsilon)
        policy_loss = -tf.reduce_mean(tf.minimum(ratio * advantages, clipped * advantages))
        entropy = -tf.reduce_mean(tf.reduce_sum(tf.nn.softmax(logits) * tf.nn.log_softmax(logits), axis=-1))
        loss = policy_loss + 0.5 * tf.reduce_mean(tf.square(returns - values)) - 0.01 * entropy
    gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, net.trainable_variables), 0.5)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    return loss


for epoch in range(10):
    loss = train_step(states, actions, old, advantages, returns)
print(float(loss))
