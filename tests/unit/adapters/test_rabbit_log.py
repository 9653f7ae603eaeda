"""What a reader of the log does about a broker that comes and goes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.rabbit import log
from orchestrator.core.event import Delivery
from orchestrator.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MISSING = Misconfigured("NOT_FOUND - home node of durable queue 'hms.log' is down")


class Stream:
    """A stream with one message for each subscription, which is lost then."""

    def __init__(self, offset: int) -> None:
        self._arrived = [Delivery(b"", headers={log.OFFSET_HEADER: offset})]

    async def receive(self, _limit: int) -> list[Delivery]:
        arrived, self._arrived = self._arrived, []
        if not arrived:
            raise Unavailable("gone")
        return arrived

    async def acknowledge(self, _delivery: Delivery) -> None:
        """Keep nothing."""


@pytest.fixture
def subscriptions(monkeypatch: pytest.MonkeyPatch) -> list[Stream | Misconfigured]:
    """What comes of one attempt to subscribe after the other."""
    left: list[Stream | Misconfigured] = []

    @asynccontextmanager
    async def connected(_url: str) -> AsyncIterator[None]:
        yield

    @asynccontextmanager
    async def consuming(*_: Any) -> AsyncIterator[Stream]:
        found = left.pop(0)
        if isinstance(found, Misconfigured):
            raise found
        yield found

    monkeypatch.setattr(log, "_connected", connected)
    monkeypatch.setattr(log, "consuming", consuming)
    monkeypatch.setattr(log, "_RECONNECT_SECONDS", 0)
    return left


async def test_a_stream_that_is_not_back_yet_is_waited_for(
    subscriptions: list[Stream | Misconfigured],
) -> None:
    """A broker that restarts takes connections first; `tail` would end with the wrong advice."""
    subscriptions += [Stream(0), *[MISSING] * 3, Stream(1)]
    losses: list[Unavailable | Misconfigured] = []

    seen = []
    async for entry in log.LogReader("", "hms.log", losses.append).follow("next"):
        seen.append(entry.offset)
        if entry.offset:
            break

    assert seen == [0, 1]
    assert [type(loss) for loss in losses] == [Unavailable, *[Misconfigured] * 3]


@pytest.mark.parametrize("before", [0, 1])
async def test_a_stream_that_never_comes_ends_it(
    subscriptions: list[Stream | Misconfigured], before: int
) -> None:
    """At once where it never was, and not without end where it was."""
    subscriptions += [Stream(0)] * before + [MISSING] * 100

    with pytest.raises(Misconfigured):
        async for _ in log.LogReader("", "hms.log").follow("next"):
            pass

    assert (len(subscriptions) == 99) == (before == 0)
