"""Ports that somebody meddles with: calls that are held, that fail, or that kill the process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeAlias

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.errors import Unavailable
from tests.engine.messages import QUEUE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from orchestrator.core.event import Message
    from orchestrator.ports import Broker


class Interference(Protocol):
    """Stands between the engine and what is outside."""

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make the `call` of the port's method `name`, sooner or later or not at all."""


class Meddled:
    """A store or a subscription whose calls go through an interference."""

    def __init__(self, port: Any, between: Interference) -> None:
        self._port = port
        self._between = between

    def waiting(self) -> int:
        number: int = self._port.waiting()
        return number

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *arguments: self._between(name, lambda: method(*arguments))


class MeddledBroker(Meddled):
    """A broker whose calls, and those of its subscriptions, go through an interference."""

    def __init__(self, broker: Broker, between: Interference) -> None:
        super().__init__(broker, between)
        self._broker = broker

    @asynccontextmanager
    async def subscribe(self, queue: str, prefetch: int) -> AsyncIterator[Meddled]:
        async with self._broker.subscribe(queue, prefetch) as subscription:
            yield Meddled(subscription, self._between)


class CrashedError(BaseException):
    """The process died here."""


class Fuse:
    """Lets a number of outside calls through, then kills the process before or after the next."""

    def __init__(self, calls: int, *, after: bool) -> None:
        self.number = self.calls = calls
        self.blown = False
        self.at = ""
        self._after = after

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make the call, unless the process is dead or dies now."""
        if self.blown or (self.calls == 0 and not self._after):
            self._blow(name)
        result = await call()
        if self.calls == 0:
            self._blow(name)
        self.calls -= 1
        return result

    def _blow(self, name: str) -> NoReturn:
        self.at = self.at or name
        self.blown = True
        raise CrashedError


SURVIVORS = 6
"""Lives that race differ in length: after so many in a row that outlived their fuse, it ends."""

Life: TypeAlias = "Callable[[Fuse], Awaitable[list[str]]]"
"""What a process does until its fuse blows, what is done after it, and what is wrong then."""


@dataclass
class Crashes:
    """What came of a crash before and after each outside call.

    Attributes:
        calls: how many calls there are, as far as they were tried.
        at: the names of those at which the process died.
        problems: what was wrong afterwards, and behind which crash.
    """

    calls: int = 0
    at: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def note(self, fuse: Fuse, where: str, wrong: list[str]) -> None:
        """Take note of what came of one."""
        self.calls = fuse.number + 1
        self.at.add(fuse.at)
        self.problems += [f"crash {where} ({fuse.at}): {each}" for each in wrong]


async def crash_everywhere(live: Life, *, stride: int = 1, first: bool = False) -> Crashes:
    """Let a process live, die at a call, and be recovered from; then at the next call.

    Args:
        live: begins anew, dies when the fuse blows, recovers, and returns what is wrong then.
        stride: only every so many calls.
        first: stop at the first problem.
    """
    crashes, survivors = Crashes(), 0
    for calls in range(0, 2000, stride):
        for after in (False, True):
            fuse = Fuse(calls, after=after)
            wrong = await live(fuse)
            survivors = 0 if fuse.blown else survivors + 1
            if fuse.blown:
                crashes.note(fuse, f"{'after' if after else 'before'} call {calls}", wrong)
        if survivors >= SURVIVORS or (first and crashes.problems):
            return crashes
    raise AssertionError("the process makes calls without end")


@contextmanager
def survived() -> Iterator[None]:
    """Go on after a crash."""
    try:
        yield
    except* CrashedError:
        pass


class Gate:
    """Holds the calls of one method until it is opened; the others pass.

    Attributes:
        reached: how many calls have come to it.
    """

    def __init__(self, name: str) -> None:
        self.reached = 0
        self._name = name
        self._opened = asyncio.Event()
        self._arrival = asyncio.Condition()

    def open(self) -> None:
        """Let everybody through from now on."""
        self._opened.set()

    async def reached_by(self, calls: int) -> None:
        """Return once that many calls have come."""
        async with self._arrival, asyncio.timeout(5):
            await self._arrival.wait_for(lambda: self.reached >= calls)

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make the call, once it may pass."""
        if name == self._name:
            self.reached += 1
            async with self._arrival:
                self._arrival.notify_all()
            await self._opened.wait()
        return await call()


class Outage:
    """Fails the first calls of one method; later ones, and those of the others, work.

    Attributes:
        failures: how many calls are still to fail.
    """

    def __init__(
        self, name: str, failures: int = 1, error: Exception | None = None, *, late: bool = False
    ) -> None:
        self.failures = failures
        self._name = name
        self._error = error or Unavailable("gone")
        self._late = late

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Fail; `late` only after the call was made, as when an answer is lost."""
        if name != self._name or not self.failures:
            return await call()
        self.failures -= 1
        if self._late:
            await call()
        raise self._error


class FullOfDeadLetters(MemoryBroker):
    """Refuses dead letters three times, and takes what was written with them."""

    refusals = 3

    async def publish(self, messages: Sequence[Message]) -> None:
        refused = [message for message in messages if message.routing_key == f"{QUEUE}.dlq"]
        await super().publish([message for message in messages if message not in refused])
        if refused and self.refusals:
            self.refusals -= 1
            raise Unavailable("a queue it goes to is full")
        await super().publish(refused)
