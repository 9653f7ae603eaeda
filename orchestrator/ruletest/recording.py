"""Turns what happened to a case into a test of the rules, and plays it. Reads no log, no store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from orchestrator.core.event import Event
from orchestrator.core.ids import event_identity
from orchestrator.core.scope import Scope
from orchestrator.core.stateful import StatefulRule
from orchestrator.document import write_document
from orchestrator.errors import Refused
from orchestrator.ruletest.compared import fields_compared
from orchestrator.ruletest.givens import DEFAULT_SOURCE
from orchestrator.ruletest.moments import as_written
from orchestrator.ruletest.placeholders import Placeholders
from orchestrator.ruletest.playing import play
from orchestrator.ruletest.reading import DEFAULT_KEY, read_cases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from orchestrator.catalog import Catalog
    from orchestrator.core.decision import Definition
    from orchestrator.core.definitions import Rulebook
    from orchestrator.ruletest.judging import Outcome, Sent

_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_FILE: Final = "the recorded case"


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event that no rule sent.

    Attributes:
        type: its type, one that some rule wants.
        data: its payload.
        key: its correlation key.
        id: its id.
        time: when it happened, aware.
        arrived: when it arrived, as far as that is known; None for when it happened.
    """

    type: str
    data: object
    key: str
    id: str
    time: datetime
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What happened to a case.

    Attributes:
        key: its key.
        events: in the order they arrived; at least one.
        sent: rule and type of every message that rules sent, and when.
        open: rule and key of what rules still remember.
        letters: rule and reason of every dead letter of the daemon.
        until: when this was so, aware.
    """

    key: str
    events: Sequence[RecordedEvent]
    sent: Sequence[tuple[str, str, datetime]] = ()
    open: Sequence[tuple[str, str]] = ()
    letters: Sequence[tuple[str | None, str]] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A test, and what is to be known of it.

    Attributes:
        text: the test file.
        problems: why it does not pass with the rules as they are; empty where it does.
        kept: texts that were not replaced, though they might have been: event type and path.
    """

    text: str
    problems: tuple[str, ...]
    kept: tuple[str, ...]


async def record(
    recorded: Recorded, rulebook: Rulebook, catalog: Catalog, *, with_data: bool = False
) -> Recording:
    """Return the test that `recorded` makes, played once with the rules as they are.

    Args:
        recorded: what happened.
        rulebook: the rules as they are.
        catalog: the message types.
        with_data: leave texts as they are, instead of replacing those that no condition reads.
    """
    on_time = replace(recorded, events=[replace(event, arrived=None) for event in recorded.events])
    tries: list[Recording] = []
    for each in (on_time, recorded):
        recorder = _Recorder(each, rulebook, catalog)
        script = recorder.script(with_data=with_data)
        for advance in recorder.advances():
            tries.append(await recorder.attempt(script, advance))
            if not tries[-1].problems:
                return tries[-1]
    return min(tries, key=lambda each: len(each.problems))


@dataclass(frozen=True, slots=True)
class _Script:
    """A case before anything is expected of it.

    Attributes:
        head: name, start and key.
        given: the events, as they are written.
        keys: rule and key -> the key as it is in the test.
        kept: see `Recording`.
    """

    head: Mapping[str, object]
    given: Sequence[Mapping[str, object]]
    keys: Mapping[tuple[str, str], str]
    kept: tuple[str, ...]


@dataclass(slots=True)
class _Recorder:
    """Writes and plays one case."""

    recorded: Recorded
    rulebook: Rulebook
    catalog: Catalog
    start: datetime = field(init=False)

    def __post_init__(self) -> None:
        first = min(event.time for event in self.recorded.events)
        self.start = first - timedelta(microseconds=first.microsecond % 1000)

    def script(self, *, with_data: bool) -> _Script:
        """Return the events as they are given, redacted unless `with_data`."""
        names = _keys(self.recorded, with_data=with_data)
        placeholders = Placeholders(names)
        twice = {each for each, count in Counter(e.id for e in self._events()).items() if count > 1}
        given: list[dict[str, object]] = []
        keys: dict[tuple[str, str], str] = {}
        kept: dict[str, None] = {}
        clock = self.start
        for event in self._events():
            data = event.data
            if not with_data:
                placeholders.kept.clear()
                data = placeholders.redact(
                    data,
                    self.rulebook.contracts[event.type].validate,
                    fields_compared(self.rulebook, event.type),
                )
                kept |= {f"{event.type}: {path}": None for path in placeholders.kept}
            keys |= self._instance_keys(event, data, names[event.key])
            passed = self._passed_before(event, clock)
            clock += passed
            if passed:
                given.append({"advance": as_written(passed)})
            step = {"event": event.type, **self._at(event, clock)}
            clock = max(clock, event.time)
            given.append(step | self._given(event, data, names, is_twice=event.id in twice))
        head: dict[str, object] = {"name": self._name(), "start": self._moment(self.start)}
        if names[self.recorded.events[0].key] != DEFAULT_KEY:
            head["key"] = names[self.recorded.events[0].key]
        return _Script({**head, "without_schedules": True}, given, keys, tuple(kept))

    def _events(self) -> Sequence[RecordedEvent]:
        return self.recorded.events

    def _name(self) -> str:
        types = ", ".join(dict.fromkeys(event.type for event in self.recorded.events))
        return f"{types}, as it was on {self.start:%Y-%m-%d} at {self.start:%H:%M:%S}"

    @staticmethod
    def _moment(moment: datetime) -> str:
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _given(
        self,
        event: RecordedEvent,
        data: object,
        names: Mapping[str, str],
        *,
        is_twice: bool,
    ) -> dict[str, object]:
        step: dict[str, object] = {}
        if event.key != self.recorded.events[0].key:
            step["key"] = names[event.key]
        if is_twice:
            ids = list(dict.fromkeys(each.id for each in self.recorded.events))
            step["id"] = f"E-{ids.index(event.id) + 1}"
        return {**step, "data": data}

    @staticmethod
    def _passed_before(event: RecordedEvent, clock: datetime) -> timedelta:
        """Return the time that passed before an event that came late: its own time is older."""
        arrived = event.arrived or event.time
        if arrived - event.time < _SECOND:
            return timedelta()
        return max(arrived - clock, timedelta()) // _SECOND * _SECOND

    def _at(self, event: RecordedEvent, clock: datetime) -> dict[str, object]:
        """Return when the event happened, unless that is now."""
        after = self._after_start(event.time)
        return {} if after == self._after_start(clock) else {"at": as_written(after)}

    def _after_start(self, moment: datetime) -> timedelta:
        return max((moment - self.start) // _MILLISECOND, 0) * _MILLISECOND

    def _instance_keys(
        self, event: RecordedEvent, data: object, key: str
    ) -> dict[tuple[str, str], str]:
        """Return for each rule that remembers what its key of the event is called in the test."""
        found: dict[tuple[str, str], str] = {}
        for rule, _ in self.rulebook.by_type.get(event.type, ()):
            try:
                real = rule.key(*_as_read(event, event.data, event.key))
                found[rule.name, real] = rule.key(*_as_read(event, data, key))
            except Refused:
                continue  # it has no key: nothing is remembered of it
        return found

    def advances(self) -> list[timedelta | None]:
        """Return how much time may pass at the end: none, until the last message, until now."""
        last = max(event.arrived or event.time for event in self.recorded.events)
        last = max(last, *(event.time for event in self.recorded.events))
        sent = max((moment for _, _, moment in self.recorded.sent), default=last)
        advances: list[timedelta | None] = [None]
        for moment in (sent, self.recorded.until or last):
            passed = -((last - moment) // _SECOND) * _SECOND
            if passed > _SECOND:
                advances.append(passed)
        return advances

    async def attempt(self, script: _Script, advance: timedelta | None) -> Recording:
        """Play the case with so much time at its end, and write down what is sent then."""
        passed = [] if advance is None else [{"advance": as_written(advance)}]
        content = {**script.head, "given": [*script.given, *passed], **self._expected_state(script)}
        outcome, problems = await self._play(content)
        if outcome is not None:
            problems += [failure.message for failure in outcome.failures]
            sent = [message for _, message in outcome.sent if self._is_asked(message)]
            problems += self._differences(sent)
            content |= self._expected_messages(script, sent)
            if not problems:
                outcome, problems = await self._play(content)
                problems += [failure.message for failure in outcome.failures] if outcome else []
        return Recording(write_document([content]), tuple(problems), script.kept)

    def _expected_state(self, script: _Script) -> dict[str, object]:
        open_now = [
            {"rule": rule, "key": script.keys[rule, key]}
            for rule, key in self.recorded.open
            if (rule, key) in script.keys
        ]
        letters = [
            {"rule": rule, "reason": reason} if rule else {"reason": reason}
            for rule, reason in self.recorded.letters
        ]
        content: dict[str, object] = {"expect_open": open_now}
        return content | ({"expect_dead_letter": letters} if letters else {})

    def _expected_messages(self, script: _Script, sent: Sequence[Sent]) -> dict[str, object]:
        if not sent:
            return {"expect_none": "others"} if self._has_one_key() else {}
        key = script.head.get("key", DEFAULT_KEY)
        moments = {self._after_start(event.time) for event in self.recorded.events}
        return {"expect": [dict(_expected(each, key, moments)) for each in sent]}

    def _is_asked(self, message: Sent) -> bool:
        """Tell whether the log would hold the message: under another key, only some are."""
        if self._has_one_key():
            return True
        return (message.rule, message.type) in {
            (rule, kind) for rule, kind, _ in self.recorded.sent
        }

    def _has_one_key(self) -> bool:
        return all(event.key == self.recorded.key for event in self.recorded.events)

    def _differences(self, sent: Sequence[Sent]) -> list[str]:
        """Say which messages the rules as they are send, or do not, unlike those of the log."""
        now = Counter((message.rule or "", message.type) for message in sent)
        then = Counter((rule, kind) for rule, kind, _ in self.recorded.sent)
        return [
            *(f"rule {rule} sent {kind}, and does not now" for rule, kind in then - now),
            *(
                f"rule {rule} keeps its state under another key, for which there are more events"
                for rule in {rule for rule, _ in then - now}
                if _has_a_key_of_its_own(self.rulebook.by_name.get(rule))
            ),
            *(f"rule {rule} sends {kind}, and did not then" for rule, kind in now - then),
        ]

    async def _play(self, content: Mapping[str, object]) -> tuple[Outcome | None, list[str]]:
        files = [(_FILE, write_document([dict(content)]))]
        cases, problems = read_cases(files, self.catalog, self.rulebook.by_name.keys())
        if problems:
            return None, [str(problem) for problem in problems]
        return await play(cases[0], self.rulebook), []


def _keys(recorded: Recorded, *, with_data: bool) -> dict[str, str]:
    """Return what each correlation key is called in the test."""
    keys = dict.fromkeys(event.key for event in recorded.events)
    if with_data:
        return {key: key for key in keys}
    stem = DEFAULT_KEY.removesuffix("1")
    return {key: f"{stem}{number}" for number, key in enumerate(keys, start=1)}


def _has_a_key_of_its_own(rule: Definition | None) -> bool:
    return isinstance(rule, StatefulRule) and rule.by is not None


def _as_read(event: RecordedEvent, data: object, key: str) -> tuple[Event, Scope]:
    """Return an event as a case gives it, and what expressions read of it."""
    identity = event_identity(DEFAULT_SOURCE, event.type, event.id)
    read = Event(
        type=event.type,
        id=event.id,
        source=DEFAULT_SOURCE,
        subject=key,
        time=event.time,
        data=data,
        correlation_id=key,
        causation_id=None,
        traceparent=None,
        identity=identity,
    )
    return read, Scope(read, event.time)


def _expected(message: Sent, key: object, moments: set[timedelta]) -> Iterator[tuple[str, Any]]:
    yield "message", message.type
    if message.rule:
        yield "rule", message.rule
    if message.key != key:
        yield "key", message.key
    if message.after not in moments:
        yield "at", as_written(message.after)
    yield "exactly", message.data
