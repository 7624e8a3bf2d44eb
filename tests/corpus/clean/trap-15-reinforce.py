import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(27)
policy = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(3)])
optimizer = tf.keras.optimizers.Adam(0.01)
rng = np.random.default_rng(5)


def play(steps=10):
    states, actions, rewards = [], [], []
    state = rng.normal(size=2).astype("float32")
    for _ in range(steps):
        probabilities = tf.nn.softmax(policy(state[None]))[0].numpy().astype("float64")
        action = rng.choice(3, p=probabilities / probabilities.sum())
        states.append(state)
        actions.append(action)
        rewards.append(1.0 if action == int(state[0] > 0) else 0.0)
        state = rng.normal(size=2).astype("float32")
    return np.array(states), np.array(actions), np.array(rewards)


def discounted(rewards, gamma=0.9):
    total, returns = 0.0, np.zeros(len(rewards), "float32")
    for i in reversed(range(len(rewards))):
        total = rewards[i] + gamma * total
        returns[i] = total
    return returns


for episode in range(6):
    states, actions, rewards = play()
    returns = discounted(rewards)
    with tf.GradientTape() as tape:
        log_probabilities = tf.nn.log_softmax(policy(states))
        chosen = tf.gather(log_probabilities, actions, axis=1, batch_dims=1)
        loss = -tf.reduce_mean(chosen * (returns - returns.mean()))
    gradients = tape.gradient(loss, policy.trainable_variables)
    optimizer.apply_gradients(zip(gradients, policy.trainable_variables))
    print(episode, rewards.sum(), float(loss))
