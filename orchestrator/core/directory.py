"""Which service instances live, as a decision sees them. Knows no heartbeat and no clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Live:
    """An instance of a service that announced itself lately.

    Attributes:
        name: unique among the living.
        channel: the routing key that reaches it alone.
        load: how much it has to do, in a unit of its own; less is better.
        share: what one more command adds to that.
        turn: when it was last sent a command, counted in commands; 0 for never.
    """

    name: str
    channel: str
    load: float
    share: float = 0.0
    turn: int = 0

    def after_one_more(self, turn: int) -> Live:
        """Return the same instance once the `turn`-th command was sent to it."""
        return replace(self, load=self.load + self.share, turn=turn)


class Directory(Protocol):
    """A snapshot of who lives: it does not change while something is decided."""

    def living(self, capability: str) -> Sequence[Live]:
        """Return the instances that can do `capability`, ordered by name."""

    def after(self, channel: str) -> Directory:
        """Return what is known once a command was sent to `channel`."""


@dataclass(frozen=True, slots=True)
class Anybody:
    """A directory in which one instance can do everything: for rehearsals without services."""

    def living(self, capability: str) -> Sequence[Live]:
        """See `Directory.living`."""
        return (Live(capability, f"{capability}.instance.any", 0.0),)

    def after(self, channel: str) -> Anybody:
        """See `Directory.after`."""
        del channel
        return self


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Who lives and can do what, at one moment.

    Attributes:
        services: by the routing key that reaches it alone.
        able: capability -> routing keys, ordered by the names of the instances.
        turn: how many commands were sent to any of them.
    """

    services: Mapping[str, Live] = field(default_factory=dict)
    able: Mapping[str, Sequence[str]] = field(default_factory=dict)
    turn: int = 0

    def living(self, capability: str) -> Sequence[Live]:
        """See `Directory.living`."""
        return [self.services[channel] for channel in self.able.get(capability, ())]

    def after(self, channel: str) -> Snapshot:
        """See `Directory.after`; a channel that is nobody's own changes nothing."""
        chosen = self.services.get(channel)
        if chosen is None:
            return self
        turn = self.turn + 1
        services = {**self.services, channel: chosen.after_one_more(turn)}
        return replace(self, services=services, turn=turn)
