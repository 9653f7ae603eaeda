"""Rules as people write them, read by the real reader, with message types that take any data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from orchestrator.core.shapes import ANYTHING, Shape
from orchestrator.rulefile import read_rules
from tests.engine.world import CHANNEL, Contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.definitions import Rulebook


@dataclass(frozen=True)
class Documented(Contract):
    """A message type of which a document says nothing but what it is."""

    kind: Literal["event", "command"]
    shape: Shape = ANYTHING


@dataclass(frozen=True)
class Types:
    """A catalog of nothing but names."""

    events: str
    commands: str
    revision: str = "t1"
    types: Mapping[str, Documented] = field(init=False)

    def __post_init__(self) -> None:
        types = {name: Documented(name, CHANNEL, "event") for name in self.events.split()}
        for name in self.commands.split():
            types[name] = Documented(name, "notify.v1", "command")
        object.__setattr__(self, "types", types)

    def event(self, name: str) -> Documented | None:
        return self.types.get(name)

    def nearest(self, name: str) -> None:
        del name


def written(text: str, types: Types, file: str = "rules.yaml") -> Rulebook:
    """Return the rulebook of one file, which must be without errors."""
    book, problems = read_rules([(file, text)], types)
    assert book is not None, problems
    return book
