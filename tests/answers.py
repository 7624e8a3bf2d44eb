"""Answers written by hand, for tests of what is rendered from them."""

from __future__ import annotations

from dataclasses import replace

from gradproof.answer import Answer, Standing
from gradproof.fault import Diagnosis, Fault, Verdict
from gradproof.finding import Edit, Fix, Place, Related, Span

MISPAIRED = Fault(
    "GP403", "mispaired-gradients", "Gradients are applied to variables they were not taken for."
)
UNCONNECTED = Fault(
    "GP208", "unconnected-variable", "The loss does not depend on some variables.", level="warning"
)

TRAIN = """\
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
    gradients = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss
"""


def place(line: int, text: str | None = None, source: str = TRAIN, path: str = "train.py") -> Place:
    """The place of a text in a line; the whole line without one."""
    if text is None:
        return Place(path, Span(line))
    column = source.split("\n")[line - 1].index(text) + 1
    return Place(path, Span(line, column, line, column + len(text)))


def lines_of(**sources: str):
    """A source of lines for files given as `train="..."`."""
    return lambda path, cell: sources.get(path.removesuffix(".py"), "").split("\n")


PROVEN = Diagnosis(
    MISPAIRED,
    "error",
    Verdict.PROVEN,
    MISPAIRED.title,
    "at step 1 `encoder/kernel` moved by 0.141 (norm) along the gradient of `decoder/kernel`; "
    "`decoder/kernel` and `decoder/bias` did not move",
    place(5, "model.trainable_variables"),
    "applied to 2 of these 4",
    (Related(place(4, "decoder.trainable_variables"), "taken for these 2"),),
    ("encoder/kernel", "encoder/bias"),
    1,
    {"change_norm": 0.141, "loss": float("nan")},
    Fix(
        "use one list in both calls",
        False,
        (Edit(place(5, "model.trainable_variables"), "decoder.trainable_variables"),),
    ),
    (
        Diagnosis(
            UNCONNECTED,
            "warning",
            Verdict.PROVEN,
            UNCONNECTED.title,
            "the gradient is None",
            place(4),
            variables=("decoder/kernel",),
            step=1,
        ),
    ),
)
SUSPECTED = replace(
    PROVEN,
    verdict=Verdict.SUSPECTED,
    message="gradients of `decoder.trainable_variables` are applied to others",
    step=None,
    variables=(),
    evidence={},
    consequences=(),
)
STANDINGS = (
    Standing("encoder/kernel", (4, 4), "broken", "applied", "GP403 mispaired-gradients", True),
    Standing("target/kernel", (4, 4), "resting", None, "not used"),
    Standing(
        "decoder/kernel", (4, 4), "moved", None, "changed by 0.1 (norm) when last seen (SGD)", True
    ),
)
RUN = Answer(
    "run", (PROVEN,), STANDINGS, files=1, loops=1, steps=400, watched="every step", rules=("SGD",)
)
CHECK = Answer("check", (SUSPECTED,), files=2, loops=12)
