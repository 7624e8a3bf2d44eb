"""`match` and its patterns."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_patterns_take_things_apart():
    """Names of a pattern stand for what is in their places."""
    text = """
        match {subject}:
            case {pattern}:
                pass
            case _:
                raise ValueError
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(second(first(x)) - x))
        gradients = tape.gradient(loss, first.trainable_variables + second.trainable_variables)
        optimizer.apply_gradients(zip(gradients, {given}))  {mark}
    """
    for pattern, subject in (
        ("(first, second)", "(encoder, decoder)"),
        ("[first, *_, second]", "(encoder, x, decoder)"),
        ('{"a": first, "b": second}', '{"a": encoder, "b": decoder}'),
        ("(first, second) | [first, _, second]", "[encoder, decoder]"),
    ):
        filled = text.replace("{pattern}", pattern).replace("{subject}", subject)
        lists = ["second.trainable_variables", "first.trainable_variables"]
        wrong = filled.replace("{given}", " + ".join(lists)).replace("{mark}", "# GP403")
        assert_findings(wrong)
        assert_silent(filled.replace("{given}", " + ".join(lists[::-1])).replace("{mark}", ""))


def test_the_case_that_is_taken():
    """Of a known word one case is read, of an unknown one each."""
    text = """
        def make(kind):
            match kind:
                case "still":
                    return keras.optimizers.SGD(0.0){mark}
                case "adam" | "usual":
                    return keras.optimizers.Adam(0.01)
                case _:
                    return None

        optimizer = make({kind})
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.replace("{kind}", '"still"').replace("{mark}", "  # GP501"))
    assert_silent(text.replace("{kind}", '"usual"').replace("{mark}", ""))


def test_parts_of_what_is_matched():
    """Singletons, classes and guards."""
    assert_findings(
        """
        class Batch:
            def __init__(self, inputs):
                self.inputs = inputs

        def loss_of(batch, weight=None):
            match batch:
                case Batch(inputs=found) if weight is not None:
                    used = found * weight
                case Batch(inputs=found) as whole:
                    used = whole.inputs + found
            match weight:
                case None:
                    return tf.reduce_mean(tf.square(tf.round(model(used))))  # GP203
                case _:
                    return None

        with tf.GradientTape() as tape:
            loss = loss_of(Batch(x))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )
