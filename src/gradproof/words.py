"""What a training loop can't be written without."""

WORDS_OF_INTEREST = (
    b"GradientTape",
    b"apply_gradients",
    b".minimize",
    b".Variable",
    b"add_weight",
    b"keras",
    b"assign_sub",
    b"tf.function",
)
"""A file without any of these holds no training loop."""

WORDS_OF_TRAINING = (
    "GradientTape",
    "apply_gradients",
    ".minimize(",
    ".fit(",
    "train_step",
    "train_on_batch",
    "assign_sub",
)
"""A file with one of these trains; others at most make what is trained."""


def trains(text: str) -> bool:
    """Says whether a file trains something itself."""
    return any(word in text for word in WORDS_OF_TRAINING)


def may_train(data: bytes) -> bool:
    """Says whether the bytes of a file may hold a training loop."""
    return any(word in data for word in WORDS_OF_INTEREST)
