import tensorflow as tf

tf.keras.utils.set_random_seed(16)
dense = tf.keras.layers.Dense
nets = {
    "policy": tf.keras.Sequential([tf.keras.Input((4,)), dense(16, activation="tanh"), dense(3)], name="policy"),
    "value": tf.keras.Sequential([tf.keras.Input((4,)), dense(16, activation="tanh"), dense(1)], name="value"),
}
optimizers = {name: tf.keras.optimizers.Adam(3e-3) for name in nets}


def losses(batch):
    logits = nets["policy"](batch["obs"])
    value = tf.squeeze(nets["value"](batch["obs"]), 1)
    adv = tf.stop_gradient(batch["ret"] - value)
    nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=batch["act"], logits=logits)
    return {"policy": tf.reduce_mean(nll * adv), "value": tf.reduce_mean(tf.square(batch["ret"] - value))}


def minimise(tape, loss, name):
    variables = nets[name].trainable_variables
    grads = tape.gradient(loss, variables)
    optimizers[name].apply_gradients(zip(grads, variables))


def learn(batch):
    with tf.GradientTape() as tape:
        parts = losses(batch)
    for name, loss in parts.items():
        minimise(tape, loss, name)
    return parts


for i in range(5):
    obs = tf.random.normal([20, 4])
    batch = {"obs": obs, "act": tf.argmax(obs[:, :3], 1), "ret": obs[:, 3]}
    parts = learn(batch)
print({k: float(v) for k, v in parts.items()})
