"""What every register of instances must do: one suite, all implementations."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.register import MemoryRegister
from orchestrator.adapters.redis.register import RedisRegister
from orchestrator.clock import SystemClock
from orchestrator.errors import Unavailable
from orchestrator.service.register import Announcement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orchestrator.service.register import Register

A = Announcement("pumps", "pumps.instance.a", "box:1", ("pump", "seal"), 3, 10)
B = Announcement("pumps", "pumps.instance.b", "box:2", ("pump",), 0, 2)


@pytest.fixture(params=["memory", "redis"])
async def opened(
    request: pytest.FixtureRequest, unique: str
) -> AsyncIterator[Callable[[float], Register]]:
    """Opens a register that takes so many seconds of silence for an end."""
    if request.param == "memory":
        yield lambda silence: MemoryRegister(SystemClock(), silence)
        return
    url = request.getfixturevalue("redis_url")
    registers: list[RedisRegister] = []

    def open_one(silence: float) -> Register:
        registers.append(RedisRegister(url, namespace=unique, silence_seconds=silence))
        return registers[-1]

    yield open_one
    for register in registers:
        await register.close()


async def names(register: Register) -> list[str]:
    return [each.announcement.name[-1] for each in await register.living()]


async def fall_silent(register: Register) -> None:
    for _ in range(1000):
        if not await names(register):
            return
        await asyncio.sleep(0.02)
    pytest.fail("it lives for ever")


async def test_what_an_instance_says_comes_back(opened: Callable[[float], Register]) -> None:
    """The daemon chooses by it."""
    register = opened(60)
    await register.announce(B)
    await register.announce(A)

    found = await register.living()

    assert [each.announcement for each in found] == [A, B]
    assert all(0 <= each.age_seconds < 30 for each in found)


async def test_only_the_last_word_counts(opened: Callable[[float], Register]) -> None:
    """Load changes with every beat."""
    register = opened(60)
    await register.announce(A)
    await register.announce(replace(A, in_hand=7))

    (found,) = await register.living()

    assert found.announcement.load == 0.7


async def test_who_leaves_is_gone_at_once(opened: Callable[[float], Register]) -> None:
    """A clean stop must cost no command six seconds."""
    register = opened(60)
    await register.announce(A)
    await register.announce(B)
    await register.leave(A.name)
    await register.leave("never-seen")

    assert await names(register) == ["b"]


async def test_who_falls_silent_does_not_live(opened: Callable[[float], Register]) -> None:
    """Who was killed says nothing. Whoever speaks again lives again."""
    register = opened(0.3)
    await register.announce(A)
    await fall_silent(register)
    await register.announce(B)
    assert await names(register) == ["b"]
    await register.announce(A)
    assert await names(register) == ["a", "b"]


async def test_the_silent_leave_nothing_behind(redis_url: str, unique: str) -> None:
    """Every restart is a new instance: what they said must not pile up."""
    register = RedisRegister(redis_url, namespace=unique, silence_seconds=0.2)
    await register.announce(A)
    await fall_silent(register)
    await register.announce(B)

    kept = await register._redis.hkeys(f"{unique}:{{register}}:said")  # noqa: SLF001 - what is stored

    assert kept == [B.name.encode()]
    await register.close()


async def test_an_unreachable_register_is_unavailable() -> None:
    """Instances and the daemon wait for ``Unavailable`` and for nothing else."""
    register = RedisRegister("redis://127.0.0.1:1/0", namespace="nobody")

    with pytest.raises(Unavailable):
        await register.announce(A)
    with pytest.raises(Unavailable):
        await register.living()
