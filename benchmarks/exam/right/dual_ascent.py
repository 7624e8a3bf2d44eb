"""A constraint with a Lagrange multiplier: descent for the weights, ascent for the multiplier."""
import tensorflow as tf

tf.random.set_seed(52)
x = tf.random.normal((300, 4))
y = tf.linalg.matvec(x, [2.0, -1.0, 0.5, 3.0])
w = tf.Variable(tf.zeros(4), name="w")
multiplier = tf.Variable(0.0, name="lambda", constraint=tf.nn.relu)
BUDGET = 2.0

for it in range(300):
    with tf.GradientTape() as tape:
        fit = tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2)
        excess = tf.reduce_sum(w**2) - BUDGET**2
        lagrangian = fit + multiplier * excess
    dw, dm = tape.gradient(lagrangian, [w, multiplier])
    w.assign_sub(0.05 * dw)
    multiplier.assign(tf.maximum(multiplier + 0.02 * dm, 0.0))
    if it % 100 == 0 or it == 299:
        print(f"loss {float(fit):.4f} |w| {float(tf.norm(w)):.3f} lambda {float(multiplier):.3f}")
