"""Which service instances live, as a decision sees them. Knows no heartbeat and no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Live:
    """An instance of a service that announced itself lately.

    Attributes:
        name: unique among the living.
        channel: the routing key that reaches it alone.
        load: how much it has to do, in a unit of its own; less is better.
    """

    name: str
    channel: str
    load: float


class Directory(Protocol):
    """A snapshot of who lives: it does not change while something is decided."""

    def living(self, capability: str) -> Sequence[Live]:
        """Return the instances that can do `capability`, ordered by name."""
