"""Writes what happened to a case as the events of a test, redacted on demand. Plays nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from orchestrator.core.event import Event
from orchestrator.core.ids import event_identity
from orchestrator.core.scope import Scope
from orchestrator.core.workflow.definition import Approval
from orchestrator.core.workflow.machine import Workflow
from orchestrator.core.workflow.outline import APPROVAL, START
from orchestrator.errors import Refused
from orchestrator.ruletest.compared import fields_compared
from orchestrator.ruletest.givens import DEFAULT_SOURCE
from orchestrator.ruletest.moments import as_written
from orchestrator.ruletest.placeholders import Placeholders, texts_at
from orchestrator.ruletest.reading import DEFAULT_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.core.definitions import Rulebook

SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_INSIDE: Final = {START: "input", APPROVAL: "data"}
"""Built-in event -> the field of its data that has a schema of its own."""

_NAMED: Final = 3
"""Event types in the name of a test."""


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
        answers: the step of a workflow whose command it answers, such as ``units[2]``; None for
            none.
    """

    type: str
    data: object
    key: str
    id: str
    time: datetime
    arrived: datetime | None = None
    answers: str | None = None


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

    @property
    def start(self) -> datetime:
        """When the earliest of the events happened, to the millisecond."""
        first = min(event.time for event in self.events)
        return first - timedelta(microseconds=first.microsecond % 1000)

    def after_start(self, moment: datetime) -> timedelta:
        """Return how long after the start that is, in whole milliseconds."""
        return max((moment - self.start) // _MILLISECOND, 0) * _MILLISECOND

    @property
    def has_one_key(self) -> bool:
        """Whether all events have the key of the case: then the log holds all that was sent."""
        return all(event.key == self.key for event in self.events)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A test before anything is expected of it.

    Attributes:
        head: name, start and key.
        given: the events, as they are written.
        keys: rule and key -> the key as it is in the test.
        kept: texts that were not replaced, though they might have been: event type and path.
    """

    head: Mapping[str, object]
    given: Sequence[Mapping[str, object]]
    keys: Mapping[tuple[str, str], str]
    kept: tuple[str, ...]

    @property
    def key(self) -> object:
        """The correlation key of the test."""
        return self.head.get("key", DEFAULT_KEY)


def transcribe(recorded: Recorded, rulebook: Rulebook, *, with_data: bool) -> Transcript:
    """Return the events of a case as a test gives them.

    Args:
        recorded: what happened.
        rulebook: the rules; what their conditions read is left as it is.
        with_data: leave all texts as they are.
    """
    scribe = _Scribe(recorded, rulebook, _keys(recorded, with_data=with_data), with_data=with_data)
    for event in recorded.events:
        scribe.write(event)
    return Transcript(scribe.head(), scribe.given, scribe.keys, tuple(scribe.kept))


class _Scribe:
    """Writes one event after the other.

    Attributes:
        given, keys, kept: see `Transcript`.
    """

    def __init__(
        self, recorded: Recorded, rulebook: Rulebook, names: Mapping[str, str], *, with_data: bool
    ) -> None:
        self.given: list[dict[str, object]] = []
        self.keys: dict[tuple[str, str], str] = {}
        self.kept: dict[str, None] = {}
        self._recorded = recorded
        self._rulebook = rulebook
        self._names = names
        self._placeholders = None if with_data else Placeholders({**self._compared(), **names})
        self._clock = recorded.start
        ids = Counter(event.id for event in recorded.events)
        self._ids = {each: f"E-{at}" for at, each in enumerate(ids, start=1) if ids[each] > 1}

    def _compared(self) -> dict[str, str]:
        """Return the texts that conditions read, each for itself: they stay wherever they stand."""
        found: dict[str, str] = {}
        for event in self._recorded.events:
            compared = fields_compared(self._rulebook, event.type)
            found.update((text, text) for text in texts_at(event.data, compared))
        return found

    def head(self) -> dict[str, object]:
        """Return name, start and key of the test."""
        start, first = self._recorded.start, self._recorded.events[0]
        kinds = list(dict.fromkeys(event.type for event in self._recorded.events))
        more = " and more" if len(kinds) > _NAMED else ""
        types = ", ".join(kinds[:_NAMED]) + more
        head: dict[str, object] = {
            "name": f"{types}, as it was on {start:%Y-%m-%d} at {start:%H:%M:%S}",
            "start": start.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "without_schedules": True,
        }
        key = self._names[first.key]
        return head if key == DEFAULT_KEY else {**head, "key": key}

    def write(self, event: RecordedEvent) -> None:
        """Add an event, and the time that passed before it came late."""
        passed = self._passed_before(event)
        if passed:
            self._clock += passed
            self.given.append({"advance": as_written(passed)})
        data = self._redacted(event)
        self.keys |= self._instance_keys(event, data, self._names[event.key])
        step: dict[str, object] = {"event": event.type}
        after = self._recorded.after_start(event.time)
        if after != self._recorded.after_start(self._clock):
            step["at"] = as_written(after)
        if event.key != self._recorded.events[0].key:
            step["key"] = self._names[event.key]
        if event.id in self._ids:
            step["id"] = self._ids[event.id]
        if event.answers is not None:
            step["answers"] = event.answers
        self._clock = max(self._clock, event.time)
        self.given.append({**step, "data": data})

    def _passed_before(self, event: RecordedEvent) -> timedelta:
        """Return the time that passed before an event that came late: its own time is older."""
        arrived = event.arrived or event.time
        if arrived - event.time < SECOND:
            return timedelta()
        return max(arrived - self._clock, timedelta()) // SECOND * SECOND

    def _redacted(self, event: RecordedEvent) -> object:
        if self._placeholders is None:
            return event.data
        self._placeholders.kept.clear()
        data = self._placeholders.redact(
            event.data, self._validator(event), fields_compared(self._rulebook, event.type)
        )
        self.kept |= {f"{event.type}: {path}": None for path in self._placeholders.kept}
        return data

    def _validator(self, event: RecordedEvent) -> Callable[[object], None]:
        """Return what refuses data that breaks the schema, or that of what lies inside them."""
        validate = self._rulebook.contracts[event.type].validate
        inner = _INSIDE.get(event.type)
        found = inner and self._inner(event)
        if inner is None or not found:
            return validate

        def validate_all(data: Any) -> None:  # noqa: ANN401 - a JSON value
            validate(data)
            for each in found:
                each(data.get(inner))

        return validate_all

    def _inner(self, event: RecordedEvent) -> list[Callable[[object], None]]:
        """Return what refuses the input of a start, or the form of a decision, if any does."""
        told = event.data if isinstance(event.data, dict) else {}
        named = told.get("workflow")
        workflows = [each for each in self._rulebook.definitions if isinstance(each, Workflow)]
        meant = [each for each in workflows if named in {None, each.name}]
        if event.type == START:
            return [each.plan.accepts for each in meant if each.plan.accepts is not None]
        if told.get("decision") != "approved":
            return []
        places = [each.outline.places.get(str(told.get("step"))) for each in meant]
        works = [place.step.work for place in places if place is not None]
        forms = [work.form for work in works if isinstance(work, Approval)]
        return [form for form in forms if form is not None]

    def _instance_keys(
        self, event: RecordedEvent, data: object, key: str
    ) -> dict[tuple[str, str], str]:
        """Return for each rule that remembers what its key of the event is called in the test."""
        found: dict[tuple[str, str], str] = {}
        for rule, _ in self._rulebook.by_type.get(event.type, ()):
            try:
                real = rule.key(*_as_read(event, event.data, event.key))
                found[rule.name, real] = rule.key(*_as_read(event, data, key))
            except Refused:
                continue  # it has no key: nothing is remembered of it
        return found


def _keys(recorded: Recorded, *, with_data: bool) -> dict[str, str]:
    """Return what each correlation key is called in the test."""
    keys = dict.fromkeys(event.key for event in recorded.events)
    if with_data:
        return {key: key for key in keys}
    stem = DEFAULT_KEY.removesuffix("1")
    return {key: f"{stem}{number}" for number, key in enumerate(keys, start=1)}


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
