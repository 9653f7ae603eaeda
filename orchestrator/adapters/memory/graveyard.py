"""Instances that have ended, for a while and up to a number. Knows nothing of those that live."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from orchestrator.ports import FinishedInstance, InstanceKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from orchestrator.core.decision import Instance
    from orchestrator.core.status import Status

Listed: TypeAlias = "dict[tuple[InstanceKey, Status, str], FinishedInstance]"
"""By what tells them apart. Those whose last state is kept are listed apart, as in every store."""

K = TypeVar("K")
V = TypeVar("V")


class Graveyard:
    """Finished instances by what tells them apart, the last one of each.

    Args:
        retention: how long each is known.
        retained: how many are known at most.
    """

    def __init__(self, retention: timedelta, retained: int) -> None:
        self._retention = retention
        self._retained = retained
        self._finished: Listed = {}
        self._kept: Listed = {}
        self._states: dict[InstanceKey, tuple[Instance, datetime]] = {}

    def bury(
        self, at: InstanceKey, instance: Instance, last: Instance | None, now: datetime
    ) -> None:
        """Note that `instance` ended at `now`; `last` is what is kept of it."""
        listed = self._finished if last is None else self._kept
        name = (at, instance.status, instance.revision)
        listed.pop(name, None)
        listed[name] = FinishedInstance(at, now, *name[1:], kept=last is not None)
        if last is not None:
            self._states.pop(at, None)
            self._states[at] = (last, now)
        forgotten = now - self._retention
        _drop_first(listed, lambda found: found.ended <= forgotten, self._retained)
        _drop_first(self._states, lambda state: state[1] <= forgotten, self._retained)

    def listed(self) -> Iterable[FinishedInstance]:
        """Return all that are known, the last first."""
        known = (*self._finished.values(), *self._kept.values())
        return sorted(known, key=grave_order, reverse=True)

    def last_state(self, at: InstanceKey) -> Instance | None:
        """Return what was kept of the last one that was kept at all."""
        found = self._states.get(at)
        return found[0] if found else None


def _drop_first(kept: dict[K, V], is_over: Callable[[V], bool], most: int) -> None:
    """Drop what is over, and what is too much: it stands in front."""
    while kept:
        first = next(iter(kept))
        if len(kept) <= most and not is_over(kept[first]):
            return
        del kept[first]


def grave_order(found: FinishedInstance) -> tuple[object, ...]:
    """Return what finished instances are sorted by: time, and for equal times their names."""
    at = found.at
    return (found.ended, at.definition, at.key, found.status, found.revision, found.kept)
