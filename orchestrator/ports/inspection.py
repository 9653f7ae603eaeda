"""What a person may ask about what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from orchestrator.core.status import Status

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from orchestrator.core.decision import Instance
    from orchestrator.core.ids import ReactionId
    from orchestrator.ports.states import InstanceKey, Timer


@dataclass(frozen=True, slots=True)
class OpenInstance:
    """An instance that is open, as a list shows it. Messages kept for later are none.

    Attributes:
        at: which.
        changed: when it was written last, aware, to the millisecond.
        due: when its timer is due; None without one.
        status: what it is doing.
    """

    at: InstanceKey
    changed: datetime
    due: datetime | None = None
    status: Status = Status.WAITING


@dataclass(frozen=True, slots=True)
class FinishedInstance:
    """An instance that has ended, the last one of its definition, key, revision and status.

    Attributes:
        at: which.
        ended: when, aware, to the millisecond.
        status: how.
        revision: of the definition that began it.
        kept: whether its last state may still be there.
    """

    at: InstanceKey
    ended: datetime
    status: Status
    revision: str
    kept: bool


class Inspection(Protocol):
    """What a person may ask about what is remembered. Answers come from indexes."""

    async def open_instances(
        self,
        *,
        definitions: Collection[str] | None = None,
        status: Status | None = None,
        after: OpenInstance | None = None,
        unchanged_since: datetime | None = None,
        limit: int,
    ) -> list[OpenInstance]:
        """Return a page of open instances, the newest change first.

        One page after the other they hold every instance that does not change meanwhile, once.

        Args:
            definitions: only what these remember; None for all.
            status: only those of this one, which is not final; None for all.
            after: the last of the page before, its `due` left out or not; None for the first page.
            unchanged_since: only those not written after that, and the oldest change first.
            limit: how many at most, at least 1.
        """

    async def finished(
        self,
        *,
        definition: str | None = None,
        status: Status | None = None,
        key: str | None = None,
        after: FinishedInstance | None = None,
        limit: int,
    ) -> list[FinishedInstance]:
        """Return a page of instances that have ended, the last first.

        They are kept by time, up to a number: what is chosen is found by passing the others.

        Args:
            definition: only what this one remembered; None for all.
            status: only those that ended so; None for all.
            key: only those of this correlation key; None for all.
            after: the last of the page before; None for the first page.
            limit: how many at most, at least 1.
        """

    async def last_state(self, at: InstanceKey) -> Instance | None:
        """Return an instance that has ended as it was kept, all pieces loaded; None if it was not.

        Where one key had several, the last of them.
        """

    async def remembered(self, key: str) -> list[OpenInstance]:
        """Return what is remembered under a correlation key, by the names of the definitions."""

    async def reacted(
        self, reactions: Collection[tuple[str, ReactionId]], now: datetime
    ) -> frozenset[ReactionId]:
        """Return those of `reactions`, each after its correlation key, that have a marker."""

    async def timers(
        self,
        *,
        definition: str | None = None,
        key: str | None = None,
        until: datetime | None = None,
        after: Timer | None = None,
        limit: int | None = None,
    ) -> list[Timer]:
        """Return a page of timers that are set, the earliest first.

        One page after the other they hold every timer that is not moved meanwhile, once. It costs
        as much as there are timers of the definition, or of all up to the limit, never more.

        Args:
            definition: only this one's; None for all.
            key: only those of this correlation key; None for all.
            until: only those due by then; None for all.
            after: the last of the page before; None for the first page.
            limit: how many at most; None for all.
        """

    async def failed_messages(self) -> list[InstanceKey]:
        """Return the kept messages whose timer failed, by definition, key and id.

        They are sent no more by themselves: their status is ``incident``, and no timer is set.
        """
