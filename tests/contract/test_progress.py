"""What everything must do that replicas tell each other their progress by."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.progress import MemoryProgress
from orchestrator.adapters.redis.progress import RedisProgress
from orchestrator.clock import SystemClock
from orchestrator.ports import JOINED, OPEN, Standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orchestrator.ports import Progress


@pytest.fixture(params=["memory", "redis"])
async def progress_of(
    request: pytest.FixtureRequest, unique: str
) -> AsyncIterator[Callable[[float], Progress]]:
    """Make one that forgets who says nothing for so many seconds."""
    made: list[RedisProgress] = []

    def make(silence: float) -> Progress:
        if request.param == "memory":
            return MemoryProgress(SystemClock(), timedelta(seconds=silence))
        url = request.getfixturevalue("redis_url")
        made.append(RedisProgress(url, namespace=unique, queue="q", silence_seconds=silence))
        return made[-1]

    yield make
    for progress in made:
        await progress.close()


@pytest.fixture
def progress(progress_of: Callable[[float], Progress]) -> Progress:
    return progress_of(60)


async def test_nobody_has_said_anything_yet(progress: Progress) -> None:
    """A new installation has no members and no turns."""
    assert await progress.look() == Standing(0, {}, {})


async def test_the_last_word_of_each_member_counts(progress: Progress) -> None:
    """Everybody hears it, at once."""
    assert (await progress.say("a/1", JOINED)).members == {"a/1": JOINED}
    await progress.say("b/1", OPEN)
    said = await progress.say("a/1", 3)
    assert said == await progress.look() == Standing(0, {"a/1": 3, "b/1": OPEN}, {})


async def test_turns_follow_each_other_whoever_took_the_marker(progress: Progress) -> None:
    """What a member says of a turn must mean the same to all."""
    for member in ("a/1", "b/1"):
        await progress.say(member, OPEN)
    assert (await progress.took("a/1", 1)).takings == {"a/1": (1, 1)}
    assert (await progress.took("b/1", 7)).turn == 2
    assert (await progress.took("a/1", 2)).takings == {"a/1": (2, 3), "b/1": (7, 2)}


async def test_a_marker_that_comes_again_does_not_hide_a_newer_one(progress: Progress) -> None:
    """Its taker may have died, and it is taken once more behind the others."""
    await progress.say("a/1", OPEN)
    await progress.took("a/1", 2)
    assert await progress.took("a/1", 1) == Standing(2, {"a/1": OPEN}, {"a/1": (2, 1)})


async def test_who_says_nothing_is_forgotten(progress_of: Callable[[float], Progress]) -> None:
    """Or the dead would be waited for for ever."""
    forgetful = progress_of(-1)
    assert await forgetful.say("a/1", OPEN) == Standing(0, {}, {})
    assert await forgetful.took("a/1", 1) == Standing(0, {}, {})


async def test_a_marker_of_somebody_forgotten_begins_no_turn(progress: Progress) -> None:
    """Nobody waits for it, and nothing must pile up."""
    assert await progress.took("a/1", 1) == Standing(0, {}, {})
