"""A small world for engine tests: rules without files, services that can be cut off, a ledger."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.memory.progress import MemoryProgress
from orchestrator.core.decision import (
    Decision,
    Elapsed,
    Instance,
    Later,
    Signal,
    emit,
    forget,
    remember,
)
from orchestrator.core.definitions import Action, Rule, Rulebook
from orchestrator.core.event import Delivery, Event, Message, Outgoing
from orchestrator.core.ids import message_id
from orchestrator.core.problem import Position
from orchestrator.engine.backlog import Backlog
from orchestrator.engine.engine import Engine
from orchestrator.engine.patience import Patience
from orchestrator.engine.spine import Spine
from orchestrator.engine.timekeeper import Timekeeper
from orchestrator.engine.witness import Witness
from tests.engine.interference import Meddled, MeddledBroker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from orchestrator.core.scope import Scope
    from orchestrator.engine.report import BatchReport
    from orchestrator.ports import Store
    from tests.engine.interference import Interference

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
        "revision": "0123456789ab",
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
    revision: str = "aaaaaaaaaaaa"
    triggers: tuple[str, ...] = ("Filed",)
    stateful: bool = True

    def condition(self, event_type: str) -> None:
        """Want every event."""
        del event_type

    def key(self, event: Event, scope: Scope) -> str:
        """Return the correlation key."""
        del scope
        return event.correlation_id

    def pieces(self, event: Event) -> tuple[str, ...]:
        """Return none."""
        del event
        return ()

    def recalls(self, event_type: str) -> bool:
        """Return False."""
        del event_type
        return False

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


PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class Reminder:
    """A definition that asks after an hour without an answer, and sends thanks two hours later."""

    name: str = "reminder"
    revision: str = "bbbbbbbbbbbb"
    triggers: tuple[str, ...] = ("Filed", "Answered")
    stateful: bool = True

    def condition(self, event_type: str) -> None:
        """Want every event."""
        del event_type

    def key(self, event: Event, scope: Scope) -> str:
        """Return the correlation key."""
        del scope
        return event.correlation_id

    def pieces(self, event: Event) -> tuple[str, ...]:
        """Return none."""
        del event
        return ()

    def recalls(self, event_type: str) -> bool:
        """Return False."""
        del event_type
        return False

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Wait for the answer, or for the hour."""
        if isinstance(signal, Elapsed):
            assert instance is not None
            return forget((self._message(signal, "Remind", signal.key),))
        if signal.event.type == "Answered":
            return forget()
        thanks = Later(signal.now + 2 * PATIENCE, self._message(signal, "Thank", signal.event.id))
        if instance is not None:
            return emit((), (thanks,))
        return remember(b"", signal.event.time + PATIENCE, later=(thanks,))

    def _message(self, signal: Signal | Elapsed, kind: str, data: object) -> Outgoing:
        return Outgoing(
            id=message_id(signal.reaction, 0),
            type=kind,
            channel="notify.v1",
            source=signal.source,
            time=signal.now,
            data=data,
            correlation_id="C",
        )


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
    return Message(None, CHANNEL, body, headers=headers)


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
    waits: list[tuple[str, str]] = field(default_factory=list)
    defects: list[Exception] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    old: list[tuple[dict[Any, int], dict[Any, str]]] = field(default_factory=list)
    refused: list[tuple[str, ...]] = field(default_factory=list)
    sweeps: list[tuple[int, int]] = field(default_factory=list)
    recoveries: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Return once it is so; looked at whenever the engine reports something."""
        async with asyncio.timeout(5):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    def batch_done(self, report: BatchReport) -> None:
        self._news.set()
        self.reports.append(report)
        self.enough -= report.size
        if self.enough <= 0 and self.engine is not None:
            self.engine.stop()

    def defect(self, error: Exception, delivery: Delivery | None = None) -> None:
        del delivery
        self.defects.append(error)

    def reloaded(self, revision: str, rules: int) -> None:
        del rules
        self.loaded.append(revision)

    def old_revisions(self, opened: Any, lost: Any) -> None:
        self.old.append((dict(opened), dict(lost)))

    def reload_refused(self, problems: tuple[str, ...]) -> None:
        self.refused.append(problems)

    def waiting(self, service: str, reason: str, seconds: float) -> None:
        del seconds
        self._news.set()
        self.waits.append((service, reason))

    def recovered(self, service: str) -> None:
        self.recoveries.append(service)

    def swept(self, republished: int, depth: int, oldest_seconds: float) -> None:
        del oldest_seconds
        self._news.set()
        self.sweeps.append((republished, depth))

    @property
    def events(self) -> Counter[tuple[str, str]]:
        """How many deliveries of a type had which outcome."""
        total: Counter[tuple[str, str]] = Counter()
        for report in self.reports:
            total.update(report.events)
        return total


class World:
    """A broker and a store that outlive the engines run on them."""

    def __init__(self, store: Store, *definitions: Any) -> None:
        self.broker = MemoryBroker([QUEUE, f"{QUEUE}.dlq"])
        self.store = store
        self.clock = StillClock()
        self.progress = MemoryProgress(self.clock)
        self.rulebook = rulebook(*definitions)
        self.unmatched: Any = None

    async def publish(self, *messages: Message) -> None:
        """Publish events, or bring dead letters back; neither is part of `sent`."""
        await self.broker.bind(QUEUE, [CHANNEL])
        await self.broker.publish(messages)

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
        return [m for m in self.broker.published if m.routing_key == f"{QUEUE}.dlq"]

    def engine(
        self,
        *,
        batch_size: int = 2,
        between: Interference | None = None,
        spine: type[Spine] = Spine,
        engine: type[Engine] = Engine,
        witness: type[Witness] = Witness,
    ) -> tuple[Engine, Ledger]:
        """Return an engine that stops once the queue as it is now is worked off."""
        broker: Any = MeddledBroker(self.broker, between) if between else self.broker
        store: Any = Meddled(self.store, between) if between else self.store
        unmatched = self.unmatched
        if unmatched is not None and between:
            unmatched = Meddled(unmatched, between)
        ledger = Ledger(enough=self.broker.depth(QUEUE))
        patience = Patience(ledger)
        progress: Any = Meddled(self.progress, between) if between else self.progress
        watching = witness(
            Backlog(), progress, broker, clock=self.clock, patience=patience, queue=QUEUE
        )
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
                ledger=unmatched,
            ),
            patience,
            ledger,
            witness=watching,
            rulebook=self.rulebook,
            queue=QUEUE,
            prefetch=1000,
            batch_size=batch_size,
        )
        return ledger.engine, ledger

    def timekeeper(self, between: Interference | None = None) -> tuple[Timekeeper, Engine, Ledger]:
        """Return a timekeeper beside an engine that is not started."""
        engine, ledger = self.engine(between=between)
        return self.beside(engine, ledger), engine, ledger

    def beside(self, engine: Engine, ledger: Ledger) -> Timekeeper:
        """Return a timekeeper beside an engine."""
        return Timekeeper(
            engine,
            engine._spine,  # noqa: SLF001 - what the composition root would pass
            engine._spine._store,  # noqa: SLF001
            clock=self.clock,
            patience=engine._patience,  # noqa: SLF001
            observer=ledger,
        )

    async def fire(self, between: Interference | None = None) -> int:
        """Fire what is due, as an engine would that has seen the queue empty just now."""
        timekeeper, engine, _ = self.timekeeper(between)
        prove(engine, self.clock.now())
        return await timekeeper.fire_due()

    async def run(self, **options: Any) -> Ledger:
        """Run an engine until the queue as it is now is worked off."""
        engine, ledger = self.engine(**options)
        if ledger.enough:
            await engine.run()
        return ledger

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[tuple[Engine, Ledger]]:
        """Run an engine for the time of the block, whatever comes."""
        engine, ledger = self.engine(**options)
        ledger.enough = 10**9
        task = asyncio.create_task(engine.run())
        try:
            yield engine, ledger
        finally:
            engine.stop()
            async with asyncio.timeout(5):
                await task


def prove(engine: Engine, moment: datetime) -> None:
    """Let a replica take it for proven that what arrived before `moment` is decided."""
    engine.witness.backlog.proven(moment)


def told(messages: Iterable[Message]) -> list[str]:
    """Name each message by its type and the event that led to it."""
    return [f"{m.type} {orjson.loads(m.body)['causationid']}" for m in messages]
