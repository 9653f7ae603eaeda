"""One running process of a service that says what it can do. Knows no message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.service.patience import Patience, idle
from orchestrator.service.register import BEAT_SECONDS, Announcement

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from orchestrator.service.register import Register
    from orchestrator.service.report import Observer
    from orchestrator.service.surroundings import Sleep


@dataclass(frozen=True, slots=True)
class Instance:
    """Where one process of a service can be reached alone.

    Attributes:
        name: its queue, and the routing key that leads there.
        host: where it runs, for people.
        register: where it announces itself.
        declare: makes the queue exist, bound; before every subscription, as unused ones expire.
        withdraw: binds it no longer: what comes later goes to all instances.
    """

    name: str
    host: str
    register: Register
    declare: Callable[[], Awaitable[None]]
    withdraw: Callable[[], Awaitable[None]]


class Presence:
    """Announces an instance for as long as it can take commands.

    Args:
        instance: who is announced.
        announcement: returns what to say now; None while it can take nothing.
        observer: hears when the register is away.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        instance: Instance,
        announcement: Callable[[], Announcement | None],
        observer: Observer,
        sleep: Sleep,
    ) -> None:
        self._instance = instance
        self._announcement = announcement
        self._patience = Patience("store", observer, sleep)
        self._sleep = sleep

    async def keep(self, stop: asyncio.Event) -> None:
        """Announce every `BEAT_SECONDS` until `stop` is set; then leave at once.

        A register or broker that is away at the end changes little: who is silent is taken for dead
        soon, and what lies in his queue is passed on.
        """
        while not stop.is_set():
            await idle(await self._beat(), self._sleep, stop)
        for leave in (self._leave, self._instance.withdraw):
            try:
                await leave()
            except (Unavailable, Misconfigured) as error:
                self._patience.failed(error)

    async def _beat(self) -> float:
        """Announce once; return how many seconds to wait."""
        said = self._announcement()
        if said is None:
            return BEAT_SECONDS / 10  # it is about to subscribe
        try:
            await self._instance.register.announce(said)
        except (Unavailable, Misconfigured) as error:
            return min(self._patience.failed(error), BEAT_SECONDS)
        self._patience.succeeded()
        return BEAT_SECONDS

    async def _leave(self) -> None:
        await self._instance.register.leave(self._instance.name)
