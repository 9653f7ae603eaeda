"""Waiting for services: how long, for what, and how it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.engine.patience import Patience
from orchestrator.errors import BadMessage, Misconfigured, Unavailable
from tests.engine.ledger import Ledger
from tests.engine.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def failing(*errors: Exception) -> Callable[[], Awaitable[str]]:
    """Return an operation that fails so often, then works."""
    left = list(errors)

    async def operation() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return operation


async def test_what_works_at_once_is_not_spoken_of() -> None:
    """Silence is the sign of health."""
    ledger = Ledger()
    assert await Patience(ledger).until_done("store", failing()) == "done"
    assert ledger.waits + ledger.recoveries == []


@pytest.mark.parametrize("error", [Unavailable("away"), Misconfigured("weak")])
async def test_with_work_in_hand_everything_is_waited_for(error: Exception) -> None:
    """Every wait is told with its reason, and the recovery once."""
    ledger = Ledger()
    assert await Patience(ledger).until_done("store", failing(error, error)) == "done"
    assert ledger.waits == [("store", str(error))] * 2
    assert ledger.recoveries == ["store"]
    assert ledger.abandoned == []


async def test_at_start_what_a_person_must_mend_ends_the_wait() -> None:
    """Nothing is in hand yet: the operator who starts it is there to read the message."""
    ledger = Ledger()
    with pytest.raises(Misconfigured, match="weak"):
        await Patience(ledger).until_reachable(
            "store", failing(Unavailable("away"), Misconfigured("weak"))
        )
    assert ledger.waits == [("store", "away")]


async def test_at_start_a_service_that_is_away_is_waited_for() -> None:
    """All containers start at once."""
    assert await Patience(Ledger()).until_reachable("store", failing(Unavailable("away"))) == "done"


@pytest.mark.parametrize("error", [BadMessage("not-json", "no"), TypeError("ours")])
async def test_nothing_else_is_repeated(error: Exception) -> None:
    """A refusal stays one, and a defect must be seen."""
    with pytest.raises(type(error)):
        await Patience(Ledger()).until_done("store", failing(error))


async def test_each_subscription_that_fails_is_waited_for_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hundred replicas that ask ten times a second keep a broker from coming up."""
    this = World(MemoryStore())
    engine, _ = this.engine()
    waits: list[float] = []

    async def pause(_service: str, _error: Exception, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 5:
            engine.stop()

    def away(*_: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(engine._patience, "pause", pause)  # noqa: SLF001 - it need not wait
    monkeypatch.setattr(this.broker, "subscribe", away)
    await engine.run()
    assert waits[-1] > 4 * waits[0]


async def test_stop_interrupts_the_longest_wait() -> None:
    """Nobody waits 15 s for a shutdown."""
    patience = Patience(Ledger())
    waiting = asyncio.create_task(patience.idle(3600))
    await asyncio.sleep(0)
    patience.stop()
    async with asyncio.timeout(1):
        await waiting


@pytest.mark.parametrize("error", [Unavailable("away"), Misconfigured("weak")])
async def test_once_stopped_a_failure_is_final_but_one_try_is_made(error: Exception) -> None:
    """What still works is finished; what does not is left to the next process."""
    patience = Patience(Ledger())
    patience.stop()
    assert await patience.until_done("store", failing()) == "done"
    with pytest.raises(type(error)):
        await patience.until_done("store", failing(error))


async def test_who_is_stopped_while_waiting_waits_no_more() -> None:
    """The loss of a subscription cuts a wait for the store off: else it were away for ever."""
    ledger = Ledger()
    away = [Unavailable("away")] * 100
    waiting = asyncio.create_task(Patience(ledger).until_done("store", failing(*away)))
    await ledger.until(lambda: bool(ledger.waits))

    waiting.cancel()
    await asyncio.wait([waiting])

    assert ledger.abandoned == ["store"]
    assert ledger.recoveries == []
