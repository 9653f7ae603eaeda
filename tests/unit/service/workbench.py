"""A consumer service on ports in memory, for tests that watch what it does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import BaseModel

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.memory.inbox import MemoryInbox
from orchestrator.core.envelope import encode
from orchestrator.core.event import Message, Outgoing
from orchestrator.errors import SchemaViolation
from orchestrator.service import Service
from orchestrator.service.runtime import Runtime
from orchestrator.service.surroundings import Limits, Surroundings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orchestrator.ports import Broker
    from orchestrator.service.inbox import Inbox
    from orchestrator.service.report import Handled, OutcomeKind

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Bake(BaseModel):
    """The command of these tests."""

    cake: str


class Baked(BaseModel):
    """The event that answers it."""

    cake: str


@dataclass(frozen=True)
class Documented:
    """A documented type whose data may not hold the text ``poison``."""

    channel: str
    kind: Literal["event", "command"] = "event"

    def validate(self, data: object) -> None:
        """Refuse poison."""
        if b"poison" in orjson.dumps(data):
            raise SchemaViolation("/cake: must be edible")


class Documents(dict[str, Documented]):
    """A directory."""

    def event(self, name: str) -> Documented | None:
        """Return the type called `name`."""
        return self.get(name)


DOCUMENTS = Documents(
    Bake=Documented("bakery.v1", "command"),
    Baked=Documented("bakery.v1"),
    OvenInstalled=Documented("bakery.v1"),
    CommandFailed=Documented("failures.v1"),
)


class HeldClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return the time of all tests."""
        return NOW


@dataclass
class Listener:
    """Remembers what it hears, and lets tests wait for it."""

    reports: list[Handled] = field(default_factory=list)
    notes: list[tuple[object, ...]] = field(default_factory=list)
    on_note: Callable[[], None] = lambda: None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def outcomes(self) -> list[OutcomeKind]:
        """What became of each delivery, in order."""
        return [report.outcome for report in self.reports]

    def handled(self, report: Handled) -> None:
        self.reports.append(report)
        self._wake()

    def paused(self, service: str, reason: str, seconds: float) -> None:
        self._note("paused", service, reason, seconds)

    def resumed(self, service: str) -> None:
        self._note("resumed", service)

    def waiting(self, service: str, reason: str, seconds: float) -> None:
        assert seconds > 0
        self._note("waiting", service, reason)

    def recovered(self, service: str) -> None:
        self._note("recovered", service)

    def given_up(self, service: str) -> None:
        self._note("given up", service)

    async def finished(self, count: int, stop: asyncio.Event | None = None) -> None:
        """Wait until `count` deliveries are finished, or `stop` is set."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: len(self.reports) >= count or (stop is not None and stop.is_set())
            )

    def end(self, stop: asyncio.Event) -> None:
        """Note that the service ended, by itself or not."""
        stop.set()
        self._wake()

    def _note(self, *note: object) -> None:
        self.notes.append(note)
        self.on_note()
        self._wake()

    def _wake(self) -> None:
        task = asyncio.ensure_future(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def no_wait(_seconds: float) -> None:
    """Let others run instead of waiting."""
    await asyncio.sleep(0)


class Workbench:
    """The service ``bakery`` with a queue, a dead-letter queue and somebody who listens."""

    def __init__(self) -> None:
        self.service: Service[None] = Service("bakery", channels=["bakery.v1"])
        self.broker = MemoryBroker(["bakery", "bakery.dlq"])
        self.inbox = MemoryInbox()
        self.listener = Listener()

    async def send(self, command: str = "Bake", number: int = 1, **changes: Any) -> None:
        """Publish a command about a cake; the same `number` is the same message."""
        outgoing: dict[str, Any] = {
            "id": f"m-{number}",
            "type": command,
            "channel": "bakery.v1",
            "source": "test",
            "time": NOW,
            "data": {"cake": f"cake {number}"},
            "correlation_id": f"C-{number}",
            "subject": f"S-{number}",
        }
        await self.put(encode(Outgoing(**(outgoing | changes))))

    async def put(self, message: Message) -> None:
        """Publish `message` to whoever is bound."""
        await self.broker.bind("bakery", ["bakery.v1"])
        await self.broker.publish([message])
        await self.broker.unbind("bakery", ["bakery.v1"])
        self.broker.published.pop()

    async def put_raw(self, body: bytes) -> None:
        """Publish bytes that may be anything."""
        await self.put(Message(None, "bakery.v1", body))

    @asynccontextmanager
    async def running(
        self, broker: Broker | None = None, inbox: Inbox | None = None, drain_seconds: float = 5
    ) -> AsyncIterator[asyncio.Event]:
        """Run the service inside; it stops when the yielded event is set, or at the end."""
        surroundings = Surroundings(
            broker=broker or self.broker,
            inbox=inbox or self.inbox,
            directory=DOCUMENTS,
            clock=HeldClock(),
            observer=self.listener,
            limits=Limits(drain_seconds=drain_seconds),
            sleep=no_wait,
        )
        stop = asyncio.Event()
        running = asyncio.create_task(Runtime(self.service, surroundings).run(stop))
        running.add_done_callback(lambda _: self.listener.end(stop))
        try:
            yield stop
        finally:
            stop.set()
            await running

    async def work_off(self, count: int) -> None:
        """Run the service until `count` deliveries are finished, or until it fails."""
        async with self.running() as stop:
            await self.listener.finished(count, stop)

    @property
    def published(self) -> list[dict[str, Any]]:
        """The bodies of all events published to the entry exchange."""
        return [
            orjson.loads(message.body)
            for message in self.broker.published
            if message.exchange is None
        ]

    @property
    def retries(self) -> list[Message]:
        """The copies that wait for another attempt."""
        return [
            message
            for message in self.broker.published
            if message.exchange is not None and message.exchange.startswith("retry.")
        ]

    @property
    def dead_letters(self) -> list[Message]:
        """The copies in the dead-letter queue."""
        return [message for message in self.broker.published if message.routing_key == "bakery.dlq"]
