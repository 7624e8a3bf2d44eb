"""Copies of weights, taken for the variables themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..framework import ownership
from ..values import Asked, ListValue
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


def asked_for(reader: Reader, asked: Asked) -> None:
    """A tape is asked about `model.get_weights()`."""
    sources = asked.sources
    if isinstance(sources, ListValue) and sources.which == "values":
        written = {keyword.arg: keyword.value for keyword in asked.node.keywords}
        given = [*asked.node.args, None][1:2]
        node = written.get("sources", given[0] if given and given[0] is not None else asked.node)
        name = ownership.name_of(sources.owner)
        habits.remark(
            reader, "unwatched-tensor", reader.spot(node), "copies", (name,) if name else ()
        )
