import tensorflow as tf

tf.keras.utils.set_random_seed(135)
policy = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(2)])
value = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
policy_optimizer = tf.keras.optimizers.Adam(0.01)
value_optimizer = tf.keras.optimizers.Adam(0.01)


@tf.function
def policy_gradients(states, actions, advantages):
    with tf.GradientTape() as tape:
        negative = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=policy(states))
        loss = tf.reduce_mean(negative * advantages)
    return loss, tape.gradient(loss, policy.trainable_variables)


@tf.function
def value_gradients(states, returns):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(value(states)[:, 0] - returns))
    return loss, tape.gradient(loss, value.trainable_variables)


states = tf.random.normal((40, 4))
actions = tf.random.uniform((40,), maxval=2, dtype=tf.int32)
returns = tf.reduce_sum(states, axis=1)
for epoch in range(6):
    advantages = returns - value(states)[:, 0]
    policy_loss, gradients = policy_gradients(states, actions, advantages)
    value_loss, value_grads = value_gradients(states, returns)
    value_optimizer.apply_gradients(zip(value_grads, value.trainable_variables))
    print(epoch, float(policy_loss), float(value_loss))
