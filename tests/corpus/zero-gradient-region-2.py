import numpy as np
import tensorflow as tf

tf.random.set_seed(3)
rng = np.random.default_rng(3)
policy = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(1)])
log_std = tf.Variable([2.5], name="log_std")
optimizer = tf.keras.optimizers.Adam(0.01)
LOG_STD_MIN, LOG_STD_MAX = -5.0, 2.0


def log_prob(mean, action):
    spread = tf.clip_by_value(log_std, LOG_STD_MIN, LOG_STD_MAX)
    z = (action - mean) / tf.exp(spread)
    return tf.reduce_sum(-0.5 * z**2 - spread - 0.919, axis=1)


@tf.function
def update(states, actions, advantages):
    variables = policy.trainable_variables + [log_std]
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(log_prob(policy(states), actions) * advantages)
    grads = tape.gradient(loss, variables)
    grads, _ = tf.clip_by_global_norm(grads, 1.0)
    optimizer.apply_gradients(zip(grads, variables))
    return loss


for iteration in range(40):
    states = rng.normal(size=(64, 2)).astype("float32")
    mean = policy(states).numpy()
    std = np.exp(np.clip(log_std.numpy(), LOG_STD_MIN, LOG_STD_MAX))
    actions = (mean + std * rng.normal(size=mean.shape)).astype("float32")
    reward = -((actions[:, 0] - states[:, 0]) ** 2)
    advantages = ((reward - reward.mean()) / (reward.std() + 1e-8)).astype("float32")
    loss = update(states, actions, advantages)
    if iteration % 10 == 0:
        print(iteration, float(loss), reward.mean(), std)
