"""Plays a case: the real steps of the engine on services in memory and a clock that we turn."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar, assert_never

import orjson

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core import headers
from orchestrator.core.directory import Anybody
from orchestrator.core.event import Message
from orchestrator.core.payload import MAX_BODY_BYTES
from orchestrator.core.scheduled import ScheduledRule
from orchestrator.core.workflow.ids import read_command_id
from orchestrator.engine.arming import Arming
from orchestrator.engine.patience import Patience
from orchestrator.engine.spine import Spine
from orchestrator.ruletest.case import Advance, Case, Given
from orchestrator.ruletest.judging import Observed, Outcome, Sent, judge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
    from datetime import datetime

    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Outgoing
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.report import DeadLetter
    from orchestrator.ports import Commit, CommitResult, InstanceKey, Subscription
    from orchestrator.rulefile.parts import Part

T = TypeVar("T")

SOURCE = "orchestrator"
MAX_ROUNDS = 10_000
"""Batches and timers of one case: more of them are rules that trigger each other for ever."""

_QUEUE = "orchestrator"
_BATCH_SIZE = 256
_TIMERS_AT_ONCE = 1000
_MICROSECOND = timedelta(microseconds=1)


async def play(case: Case, rulebook: Rulebook) -> Outcome:
    """Play `case` and judge what came of it.

    Args:
        case: the case.
        rulebook: the rules under test, with their message types.
    """
    async with _stage(case, rulebook) as stage:
        try:
            for step in case.steps:
                await stage.take(step)
        except _Restless:
            stage.restless = True
        return judge(case, await stage.observed())


class _Restless(Exception):
    """The case does not come to an end by itself."""


@dataclass
class _VirtualClock:
    """``ports.Clock`` that stands still until it is set."""

    moment: datetime

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment


class _NoPatience(Patience):
    """Waits for nothing: what is in memory is never away, so nobody need hear of a wait."""

    def __init__(self) -> None:  # without an observer there is nothing to set up
        pass

    async def until_done(self, service: str, operation: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `operation`."""
        del service
        return await operation()


class _Somebody:
    """For every command that asks for a capability, somebody is there who has it."""

    directory = Anybody()

    def sent(self, outgoing: Iterable[Outgoing]) -> None:
        """Take no notice."""


class _RememberingStore(MemoryStore):
    """A store that knows which instances it ever had."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[InstanceKey, None] = {}

    async def commit(self, commits: Sequence[Commit], now: datetime) -> list[CommitResult]:
        """See ``ports.Store.commit``."""
        self._known.update((write.at, None) for commit in commits for write in commit.writes)
        return await super().commit(commits, now)

    async def open(self) -> list[InstanceKey]:
        """Return what definitions remember now; messages that wait for their time are not that."""
        known = [at for at in self._known if not at.part]
        found = await self.load(known)
        return [at for at, instance in zip(known, found, strict=True) if instance is not None]


@asynccontextmanager
async def _stage(case: Case, rulebook: Rulebook) -> AsyncIterator[_Stage]:
    broker = MemoryBroker({_QUEUE, f"{_QUEUE}.dlq"})
    if not case.isolated:
        await broker.bind(_QUEUE, rulebook.channels)
    async with broker.subscribe(_QUEUE, _BATCH_SIZE) as subscription:
        stage = _Stage(rulebook, broker, subscription, _VirtualClock(case.start))
        if not case.without_schedules:
            await Arming(stage.store, stage.clock, _NoPatience()).arm(rulebook)
        yield stage


@dataclass
class _Stage:
    """Where one case is played."""

    rulebook: Rulebook
    broker: MemoryBroker
    subscription: Subscription
    clock: _VirtualClock
    store: _RememberingStore = field(default_factory=_RememberingStore)
    letters: list[DeadLetter] = field(default_factory=list)
    start: datetime = field(init=False)
    restless: bool = False
    unasked: list[tuple[Part, tuple[str, ...]]] = field(default_factory=list)
    spine: Spine = field(init=False)
    _events: int = 0
    _rounds: int = 0

    def __post_init__(self) -> None:
        self.start = self.clock.moment
        self.spine = Spine(
            self.broker,
            self.store,
            self.clock,
            _NoPatience(),
            queue=_QUEUE,
            source=SOURCE,
            max_body_bytes=MAX_BODY_BYTES,
            roster=_Somebody(),
        )

    async def take(self, step: Given | Advance) -> None:
        """Let one step happen, and everything that follows from it."""
        match step:
            case Given():
                if step.at is not None and step.at > self.clock.moment:
                    # An event is never overtaken by a timer that is due in the same moment.
                    await self._turn_clock(step.at, last_due=step.at - _MICROSECOND)
                await self._publish(step)
                await self._react()
                await self._fire(self.clock.moment)
            case Advance():
                until = self.clock.moment + step.by
                await self._turn_clock(until, last_due=until)
            case _:
                assert_never(step)

    async def observed(self) -> Observed:
        """Return what came of it all."""
        sent = [
            _sent(message, self.start)
            for message in self.broker.published
            if message.exchange is None
        ]
        return Observed(
            sent, self.letters, await self._open(), restless=self.restless, unasked=self.unasked
        )

    async def _open(self) -> list[InstanceKey]:
        """Return what rules wait with; a schedule waits for its next tick, in every case."""
        rules = self.rulebook.by_name
        return [
            at
            for at in await self.store.open()
            if not isinstance(rules.get(at.definition), ScheduledRule)
        ]

    async def _publish(self, given: Given) -> None:
        """Let an event arrive, unless it answers a command that was never sent."""
        if given.answers is None:
            await self.broker.publish([self._message(given, None)])
            return
        asked = self._asked(given.key)
        command = asked.get(str(given.answers.value))
        if command is None:
            self.unasked.append((given.answers, tuple(asked)))
        else:
            await self.broker.publish([self._message(given, command)])

    def _message(self, given: Given, causation: str | None) -> Message:
        """Return the event as a service publishes it, addressed to nobody but us."""
        self._events += 1
        envelope = {
            "specversion": "1.0",
            "id": given.id or f"given-{self._events}",
            "source": given.source,
            "type": given.type,
            "subject": given.key,
            "time": given.at or self.clock.moment,
            "correlationid": given.key,
            "data": given.data,
        }
        if causation is not None:
            envelope["causationid"] = causation
        body = orjson.dumps(envelope, option=orjson.OPT_UTC_Z)
        return Message("", _QUEUE, body, None, given.type, given.key, None, None, None, {})

    def _asked(self, key: str) -> dict[str, str]:
        """Return the steps of a key that have sent a command, each with the id of its last one."""
        found: dict[str, str] = {}
        for message in self.broker.published:
            if message.exchange is None and message.id and message.correlation_id == key:
                command = read_command_id(message.id)
                if command is not None:
                    found[str(command[1])] = message.id
        return found

    async def _turn_clock(self, until: datetime, *, last_due: datetime) -> None:
        await self._fire(last_due)
        self.clock.moment = until

    async def _fire(self, last_due: datetime) -> None:
        """Fire the timers that are due by then, each at its time and with all that follows."""
        while first := await self.store.due(last_due, 1):
            self.clock.moment = max(first[0].due, self.clock.moment)
            timers = await self.store.due(self.clock.moment, _TIMERS_AT_ONCE)
            await self._finish(await self.spine.elapse(timers, self.rulebook))
            await self._react()

    async def _react(self) -> None:
        """Take what lies in the queue until nothing is left."""
        while self.subscription.waiting():
            deliveries = await self.subscription.receive(_BATCH_SIZE)
            batch = await self.spine.react(deliveries, self.rulebook)
            await self._finish(batch)
            await self.spine.acknowledge(batch, self.subscription)

    async def _finish(self, batch: Batch) -> None:
        self.letters += (await self.spine.finish(batch)).dead_letters
        self._rounds += 1
        if self._rounds > MAX_ROUNDS:
            raise _Restless


def _sent(message: Message, start: datetime) -> Sent:
    envelope = orjson.loads(message.body)
    rule = message.headers.get(headers.RULE)
    assert message.time is not None  # noqa: S101 - what rules send is always stamped
    return Sent(
        type=envelope["type"],
        data=envelope["data"],
        key=envelope["correlationid"],
        rule=str(rule) if rule is not None else None,
        after=message.time - start,
    )
