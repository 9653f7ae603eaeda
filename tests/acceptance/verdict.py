"""Compares what publishers were confirmed with what consumers received. Knows no broker."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

COMMANDS = ("SendAcknowledgment", "AssignInvestigator")
"""What the rule of these tests sends for one event."""


@dataclass(frozen=True)
class Arrival:
    """A command as a consumer received it."""

    id: str
    type: str
    event_id: str


def verdict(
    confirmed: Collection[str], arrivals: Iterable[Arrival], commands: Sequence[str] = COMMANDS
) -> list[str]:
    """Return what is wrong, a sentence each.

    Nothing is wrong when each confirmed event led to each of `commands` under one id of its own,
    however often it was delivered, and when nothing else arrived.

    Args:
        confirmed: ids of the events that the broker confirmed to their publisher.
        arrivals: everything the consumers received.
        commands: the types that one event leads to.
    """
    distinct = set(arrivals)
    return [*_lost_or_doubled(confirmed, distinct, commands), *_foreign(confirmed, distinct)]


def _lost_or_doubled(
    confirmed: Iterable[str], arrivals: Iterable[Arrival], commands: Sequence[str]
) -> Iterator[str]:
    ids = Counter((arrival.event_id, arrival.type) for arrival in arrivals)
    for event_id in confirmed:
        for command in commands:
            found = ids[event_id, command]
            if found == 0:
                yield f"{event_id}: {command} is lost"
            elif found > 1:
                yield f"{event_id}: {command} came under {found} ids"


def _foreign(confirmed: Collection[str], arrivals: Iterable[Arrival]) -> Iterator[str]:
    uses = Counter(arrival.id for arrival in arrivals)
    for arrival in arrivals:
        if arrival.event_id not in confirmed:
            yield f"{arrival.event_id}: {arrival.type} for an event that nobody published"
        if uses[arrival.id] > 1:
            yield f"{arrival.event_id}: {arrival.type} shares its id with another command"
