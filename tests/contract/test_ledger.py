"""What every ledger of unmatched events must do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.ledger import MemoryLedger
from orchestrator.adapters.redis.ledger import RedisLedger
from orchestrator.clock import SystemClock
from orchestrator.core.event import Event
from orchestrator.core.ids import event_identity
from orchestrator.core.unmatched import Unmatched, ignored

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orchestrator.ports import Ledger

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def event(number: int) -> Event:
    identity = event_identity("portal", "Filed", f"e-{number}")
    return Event(
        "Filed", f"e-{number}", "portal", None, NOW, {"n": number}, "C-1", None, None, identity
    )


def entries(*numbers: int) -> list[Unmatched]:
    return [ignored(event(number)) for number in numbers]


@pytest.fixture(params=["memory", "redis"])
async def ledger_of(
    request: pytest.FixtureRequest, unique: str
) -> AsyncIterator[Callable[[int], Ledger]]:
    """Make a ledger that keeps so many entries."""
    made: list[RedisLedger] = []

    def make(size: int) -> Ledger:
        if request.param == "memory":
            return MemoryLedger(SystemClock(), size)
        url = request.getfixturevalue("redis_url")
        made.append(RedisLedger(url, namespace=f"{unique}-{len(made)}", size=size))
        return made[-1]

    yield make
    for ledger in made:
        await ledger.close()


async def test_what_was_noted_is_found_the_newest_first(
    ledger_of: Callable[[int], Ledger],
) -> None:
    """Whoever looks wants to see what happened just now, and it must be all there."""
    ledger = ledger_of(1000)
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    names = await ledger.note(entries(1, 2, 3))
    found = [noted async for noted in ledger.entries()]
    assert [noted.entry for noted in found] == entries(3, 2, 1)
    assert [noted.id for noted in found] == names[::-1]
    assert all(before <= noted.at <= datetime.now(UTC) for noted in found)
    assert await ledger.find(names[1]) == found[1]


async def test_one_goes_on_where_a_page_ended(ledger_of: Callable[[int], Ledger]) -> None:
    """Entries that come meanwhile, or go, shift nothing."""
    ledger = ledger_of(1000)
    names = await ledger.note(entries(*range(450)))
    await ledger.remove(names[300:301])
    rest = [noted.entry async for noted in ledger.entries(after=names[300])]
    assert rest == entries(*reversed(range(300)))


async def test_what_is_older_is_left_out(ledger_of: Callable[[int], Ledger]) -> None:
    """A ledger of a week is too long for the question of an hour."""
    ledger = ledger_of(1000)
    await ledger.note(entries(1))
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert len([noted async for noted in ledger.entries(since=now - hour)]) == 1
    assert [noted async for noted in ledger.entries(since=now + hour)] == []


async def test_the_oldest_entries_go(ledger_of: Callable[[int], Ledger]) -> None:
    """A rule that matches nothing must not fill the store."""
    ledger = ledger_of(200)
    for start in range(0, 2000, 100):
        await ledger.note(entries(*range(start, start + 100)))
    found = [noted.entry async for noted in ledger.entries()]
    assert found[:200] == entries(*reversed(range(1800, 2000)))
    assert len(found) <= 400  # a stream is cut in pieces


async def test_a_ledger_of_no_size_keeps_nothing(ledger_of: Callable[[int], Ledger]) -> None:
    """Whoever may not keep event data switches it off."""
    ledger = ledger_of(0)
    assert await ledger.note(entries(1)) == []
    assert [noted async for noted in ledger.entries()] == []


async def test_what_is_removed_is_gone_and_removing_again_is_harmless(
    ledger_of: Callable[[int], Ledger],
) -> None:
    """A retry removes what it sent; a repeated one must not fail."""
    ledger = ledger_of(1000)
    first, second = await ledger.note(entries(1, 2))
    for _ in range(2):
        await ledger.remove([first])
    assert await ledger.find(first) is None
    assert [noted.id async for noted in ledger.entries()] == [second]
