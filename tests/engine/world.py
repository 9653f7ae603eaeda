"""A small world for engine tests: rules without files, services that can be cut off, a ledger."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.core.decision import Decision, Instance, Signal, forget, remember
from orchestrator.core.definitions import Action, Rule, Rulebook
from orchestrator.core.event import Event, Message, Outgoing
from orchestrator.core.ids import message_id
from orchestrator.core.problem import Position
from orchestrator.engine.engine import Engine
from orchestrator.engine.patience import Patience
from orchestrator.engine.spine import Spine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Sequence

    from orchestrator.core.event import Delivery
    from orchestrator.core.scope import Scope
    from orchestrator.engine.report import BatchReport
    from orchestrator.ports import Broker, Store, Subscription

QUEUE = "orchestrator"
CHANNEL = "complaints.v1"
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HERE = Position("test.yaml", 1, 1)


@dataclass(frozen=True)
class Contract:
    """A message type that accepts everything."""

    name: str
    channel: str

    def validate(self, data: object) -> None:
        """Accept."""


def rule(name: str, trigger: str, *commands: str, **changes: Any) -> Rule:
    """Return a rule that sends `commands` on `trigger`, with the event's data."""
    actions = tuple(
        Action(Contract(command, "notify.v1"), None, None, None, "item", HERE)
        for command in commands
    )
    attributes: dict[str, Any] = {
        "name": name,
        "revision": "r1",
        "description": "",
        "triggers": (trigger,),
        "guard": None,
        "actions": actions,
        "for_each": None,
        "item_name": "item",
        "position": HERE,
    }
    return Rule(**(attributes | changes))


@dataclass(frozen=True)
class Pairs:
    """A stateful definition: every second event of a key sends one ``Paired`` with both ids."""

    name: str = "pairs"
    triggers: tuple[str, ...] = ("Filed",)
    stateful: bool = True
    guard: None = None

    def key(self, event: Event, scope: Scope) -> str:
        """Return the correlation key."""
        del scope
        return event.correlation_id

    def decide(self, instance: Instance | None, signal: Signal) -> Decision:
        """Remember the first, pair it with the second."""
        event = signal.event
        if instance is None:
            return remember(event.id.encode())
        outgoing = Outgoing(
            id=message_id(signal.reaction, 0),
            type="Paired",
            channel="notify.v1",
            source=signal.source,
            time=signal.now,
            data=sorted([instance.state.decode(), event.id]),
            correlation_id=event.correlation_id,
            causation_id=event.id,
        )
        return forget((outgoing,))


def rulebook(*definitions: Any) -> Rulebook:
    """Return a rulebook of `definitions`."""
    types = {trigger for definition in definitions for trigger in definition.triggers}
    return Rulebook("r1", definitions, {name: Contract(name, CHANNEL) for name in types})


def filed(event_id: str, key: str, event_type: str = "Filed", **data: object) -> Message:
    """Return an event as a service publishes it."""
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": "portal",
        "type": event_type,
        "correlationid": key,
        "data": data,
    }
    return raw(orjson.dumps(body))


def raw(body: bytes, **headers: object) -> Message:
    """Return whatever somebody may publish."""
    return Message(None, CHANNEL, body, None, None, None, None, None, None, headers)


class StillClock:
    """A clock that does not move by itself."""

    moment = NOW

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment


@dataclass
class Ledger:
    """An observer that remembers everything, and stops the engine after enough deliveries."""

    enough: int = 10**9
    engine: Engine | None = None
    reports: list[BatchReport] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    defects: list[Exception] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    refused: list[tuple[str, ...]] = field(default_factory=list)
    sweeps: list[tuple[int, int]] = field(default_factory=list)

    def batch_done(self, report: BatchReport) -> None:
        self.reports.append(report)
        self.enough -= report.size
        if self.enough <= 0 and self.engine is not None:
            self.engine.stop()

    def defect(self, error: Exception) -> None:
        self.defects.append(error)

    def reloaded(self, revision: str, rules: int) -> None:
        del rules
        self.loaded.append(revision)

    def reload_refused(self, problems: tuple[str, ...]) -> None:
        self.refused.append(problems)

    def waiting(self, service: str, reason: str, seconds: float) -> None:
        del reason, seconds
        self.waits.append(service)

    def recovered(self, service: str) -> None:
        del service

    def swept(self, republished: int, depth: int, oldest_seconds: float) -> None:
        del oldest_seconds
        self.sweeps.append((republished, depth))

    @property
    def events(self) -> Counter[tuple[str, str]]:
        """How many deliveries of a type had which outcome."""
        total: Counter[tuple[str, str]] = Counter()
        for report in self.reports:
            total.update(report.events)
        return total


class CrashedError(BaseException):
    """The process died here."""


class Fuse:
    """Lets a number of outside calls through, then kills the process before or after the next."""

    def __init__(self, calls: int, *, after: bool) -> None:
        self.calls = calls
        self.blown = False
        self._after = after

    async def __call__(self, call: Any) -> Any:
        """Make the call, unless the process is dead or dies now."""
        if self.blown or (self.calls == 0 and not self._after):
            self.blown = True
            call.close()
            raise CrashedError
        result = await call
        if self.calls == 0:
            self.blown = True
            raise CrashedError
        self.calls -= 1
        return result


class FusedBroker:
    """A broker whose calls go through a fuse."""

    def __init__(self, broker: Broker, fuse: Fuse) -> None:
        self._broker = broker
        self._fuse = fuse

    @asynccontextmanager
    async def subscribe(self, queue: str, prefetch: int) -> AsyncIterator[FusedSubscription]:
        async with self._broker.subscribe(queue, prefetch) as subscription:
            yield FusedSubscription(subscription, self._fuse)

    async def publish(self, messages: Sequence[Message]) -> None:
        await self._fuse(self._broker.publish(messages))

    async def bind(self, queue: str, channels: Collection[str]) -> None:
        await self._fuse(self._broker.bind(queue, channels))

    async def unbind(self, queue: str, channels: Collection[str]) -> None:
        await self._fuse(self._broker.unbind(queue, channels))


class FusedSubscription:
    """A subscription whose calls go through a fuse."""

    def __init__(self, subscription: Subscription, fuse: Fuse) -> None:
        self._subscription = subscription
        self._fuse = fuse

    async def receive(self, limit: int) -> Sequence[Delivery]:
        received: Sequence[Delivery] = await self._fuse(self._subscription.receive(limit))
        return received

    async def acknowledge(self, delivery: Delivery) -> None:
        await self._fuse(self._subscription.acknowledge(delivery))

    def waiting(self) -> int:
        return self._subscription.waiting()


class FusedStore:
    """A store whose calls go through a fuse."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return lambda *arguments: self._fuse(method(*arguments))


class World:
    """A broker and a store that outlive the engines run on them."""

    def __init__(self, store: Store, *definitions: Any) -> None:
        self.broker = MemoryBroker([QUEUE, f"{QUEUE}.dlq"])
        self.store = store
        self.clock = StillClock()
        self.rulebook = rulebook(*definitions)
        self.inputs = 0

    async def publish(self, *messages: Message) -> None:
        """Publish events; they are not part of `sent`."""
        await self.broker.bind(QUEUE, [CHANNEL])
        await self.broker.publish(messages)
        self.inputs += len(messages)

    @property
    def sent(self) -> list[Message]:
        """What engines published, dead letters left out, in order."""
        return [
            message
            for message in self.broker.published
            if message.exchange is None and message.routing_key != CHANNEL
        ]

    @property
    def dead_letters(self) -> list[Message]:
        """What engines gave up."""
        return [message for message in self.broker.published if message.exchange == ""]

    def engine(
        self,
        *,
        batch_size: int = 2,
        fuse: Fuse | None = None,
        spine: type[Spine] = Spine,
        engine: type[Engine] = Engine,
    ) -> tuple[Engine, Ledger]:
        """Return an engine that stops once the queue as it is now is worked off."""
        broker: Any = FusedBroker(self.broker, fuse) if fuse else self.broker
        store: Any = FusedStore(self.store, fuse) if fuse else self.store
        ledger = Ledger(enough=self.broker.depth(QUEUE))
        patience = Patience(ledger)
        ledger.engine = engine(
            broker,
            spine(
                broker,
                store,
                self.clock,
                patience,
                queue=QUEUE,
                source="orchestrator",
                max_body_bytes=1024 * 1024,
            ),
            patience,
            ledger,
            rulebook=self.rulebook,
            queue=QUEUE,
            prefetch=100,
            batch_size=batch_size,
        )
        return ledger.engine, ledger

    async def run(self, **options: Any) -> Ledger:
        """Run an engine until the queue as it is now is worked off."""
        engine, ledger = self.engine(**options)
        if ledger.enough:
            await engine.run()
        return ledger


def contents(messages: Iterable[Message]) -> list[tuple[str, object]]:
    """Return type and data of messages."""
    return [(message.type or "", orjson.loads(message.body)["data"]) for message in messages]
