"""The small parts of the runtime, each by itself."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.core.event import Delivery
from orchestrator.errors import Unavailable
from orchestrator.service import DependencyDown
from orchestrator.service.breaker import Breaker
from orchestrator.service.slots import Slots, Turns
from orchestrator.service.window import Window


@pytest.mark.parametrize(
    ("finished", "acknowledged"),
    [
        ([1], [1]),
        ([2], [None]),
        ([2, 1], [None, 2]),
        ([3, 1, 2], [None, 1, 3]),
        ([1, 2, 3], [1, 2, 3]),
    ],
)
def test_only_a_finished_beginning_is_acknowledged(
    finished: list[int], acknowledged: list[int | None]
) -> None:
    """Acknowledging settles all before it: what is unfinished would be lost in a crash."""
    window = Window()
    deliveries = {token: Delivery(b"", token=token) for token in (1, 2, 3)}
    for delivery in deliveries.values():
        window.add(delivery)

    seen = []
    for token in finished:
        window.finish(deliveries[token])
        last = window.advance()
        seen.append(last.token if last else None)

    assert seen == acknowledged
    assert len(window) == 3 - max([0, *(token for token in seen if token)])


async def test_slots_bound_what_runs_at_once() -> None:
    """More at once would overload what the handlers call."""
    slots, running, most = Slots(2), 0, 0

    async def work() -> None:
        nonlocal running, most
        async with slots.take():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(work() for _ in range(7)))

    assert most == 2


async def test_who_runs_alone_runs_alone() -> None:
    """What may kill the process must have nobody beside it, and two such must not lock up."""
    slots, running, seen = Slots(3), 0, []

    async def work(*, alone: bool) -> None:
        nonlocal running
        async with slots.take(alone=alone):
            running += 1
            await asyncio.sleep(0)
            seen.append((alone, running))
            running -= 1

    await asyncio.gather(*(work(alone=index in {1, 2, 5}) for index in range(8)))

    assert [count for alone, count in seen if alone] == [1, 1, 1]
    assert len(seen) == 8


async def test_turns_keep_equal_keys_apart_and_forget_them() -> None:
    """Two deliveries of one message must not both run its handler; memory must not grow."""
    turns = Turns()
    order: list[tuple[str, bool | None]] = []

    async def work(key: str) -> None:
        async with turns.take(key) as waited:
            order.append((key, waited))
            await asyncio.sleep(0)
            order.append((key, None))

    await asyncio.gather(work("a"), work("a"), work("b"))

    assert [entry for entry in order if entry[0] == "a"] == [
        ("a", False),
        ("a", None),
        ("a", True),
        ("a", None),
    ]
    assert order.index(("b", False)) < order.index(("a", None))
    assert turns._locks == {}  # noqa: SLF001 - what it must not keep


class Dependency:
    """Something that is down for a number of calls, behind a breaker."""

    def __init__(self, down_for: int) -> None:
        self.down_for = down_for
        self.calls = 0
        self.pauses: list[float] = []
        self.heard: list[str] = []
        self.breaker = Breaker(
            opened=lambda reason, seconds: self.heard.append(f"{reason} {seconds:g}"),
            closed=lambda: self.heard.append("closed"),
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def call(self) -> None:
        """Succeed in the end, as a handler in the runtime does."""
        while True:
            try:
                async with self.breaker.admission():
                    self.calls += 1
                    await asyncio.sleep(0)
                    if self.calls <= self.down_for:
                        raise DependencyDown("smtp")
                    return
            except Unavailable:
                continue


async def test_an_open_breaker_lets_one_probe_through_at_a_time() -> None:
    """A dependency that comes back must not be greeted by everybody at once."""
    dependency = Dependency(down_for=4)

    await asyncio.gather(*(dependency.call() for _ in range(3)))

    # Three were under way when it went down, so the fourth call is the first probe.
    assert dependency.pauses == [1, 2]
    assert dependency.heard == ["smtp 1", "smtp 2", "closed"]
    assert dependency.calls == 3 + 2 + 2


async def test_pauses_double_up_to_a_limit() -> None:
    """A long outage is not hammered, and its end is still noticed within half a minute."""
    dependency = Dependency(down_for=8)

    await dependency.call()

    assert dependency.pauses == [1, 2, 4, 8, 16, 30, 30, 30]


async def test_other_failures_never_open_it() -> None:
    """Bad messages in a row say nothing about a dependency: the good ones must go on."""
    dependency = Dependency(down_for=0)
    for _ in range(50):
        with pytest.raises(ValueError, match="bad message"):
            async with dependency.breaker.admission():
                raise ValueError("bad message")

    await dependency.call()

    assert dependency.heard == []


async def test_a_stopped_probe_leaves_the_turn_to_another() -> None:
    """A service that stops while paused must not leave the lock taken."""
    dependency = Dependency(down_for=1)
    asleep = asyncio.Event()

    async def sleep_for_ever(_seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    breaker = Breaker(lambda *_: None, lambda: None, sleep_for_ever)
    with pytest.raises(DependencyDown):
        async with breaker.admission():
            raise DependencyDown
    dependency.breaker = breaker
    stopped = asyncio.create_task(dependency.call())
    await asleep.wait()
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped

    asleep.clear()
    another = asyncio.create_task(dependency.call())
    await asleep.wait()
    another.cancel()

    assert breaker.is_open
