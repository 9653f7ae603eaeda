"""Plays signals to a workflow as the engine does, and keeps an eye on every decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.catalog import built_in_types
from orchestrator.core.decision import Elapsed, Instance, Signal
from orchestrator.core.event import Event
from orchestrator.core.ids import ReactionId, elapsed_id, event_identity, reaction_id
from orchestrator.core.scope import Scope
from orchestrator.core.workflow.state import State, unpack

if TYPE_CHECKING:
    from orchestrator.core.decision import Decision, Part
    from orchestrator.core.directory import Directory
    from orchestrator.core.event import Outgoing
    from orchestrator.core.workflow import Workflow

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
KEY = "case-7"


@dataclass
class Play:
    """One key of a workflow: its instance, its pieces, its timers, and what it has sent.

    Every decision is made twice on the same bytes and must come out the same, and every message of
    a type that each installation knows must keep its schema.
    """

    workflow: Workflow
    now: datetime = START
    instance: Instance | None = None
    parts: dict[str, bytes] = field(default_factory=dict)
    dues: dict[str, datetime] = field(default_factory=dict)
    sent: list[Outgoing] = field(default_factory=list)
    directory: Directory | None = None
    loads: int = 0
    last: Decision | None = None
    _count: int = 0

    def start(self, data: Any = None, **attributes: Any) -> Play:
        """Begin the instance."""
        self.event("Started", {} if data is None else data, **attributes)
        return self

    def event(self, event_type: str, data: Any = None, **attributes: Any) -> Decision:
        """Let an event come in."""
        self._count += 1
        identity = event_identity("world", event_type, attributes.pop("id", f"e-{self._count}"))
        fields: dict[str, Any] = {
            "type": event_type,
            "id": f"e-{self._count}",
            "source": "world",
            "subject": None,
            "time": self.now,
            "data": {} if data is None else data,
            "correlation_id": KEY,
            "causation_id": None,
            "traceparent": None,
            "identity": identity,
        }
        event = Event(**(fields | attributes))
        scope = Scope(event, self.now)
        _check(event_type, event.data)
        condition = self.workflow.condition(event_type)
        assert event_type in self.workflow.triggers, f"{event_type} is nothing it wants"
        if condition is not None and not condition(scope):
            raise AssertionError(f"{event_type} is not meant for it")
        assert self.workflow.key(event, scope) == KEY
        reaction = reaction_id(identity, self.workflow.name)
        loaded = set(self.workflow.pieces(event))
        return self._decide(
            lambda: Signal(
                event, reaction, self.now, "orchestrator", Scope(event, self.now), self.directory
            ),
            reaction,
            loaded,
            recalls=self.workflow.recalls(event_type),
        )

    def reply(self, command: Outgoing | str, event_type: str, data: Any = None) -> Decision:
        """Let an event come in that names the command it answers, or the last one of a type."""
        asked = command if not isinstance(command, str) else self.command(command)
        if event_type.startswith("instance."):
            data = {"key": asked.correlation_id, "id": "0" * 24, **data}
        return self.event(event_type, data, causation_id=asked.id)

    def answer(self, *steps: str, data: Any = None) -> None:
        """Answer the last command of each step that `build.step` made."""
        for name in steps:
            self.reply(f"Do{name}", f"{name}Done", data)

    def command_failed(self, command: str) -> Decision:
        """Let the service give up the last command of a type."""
        asked = self.command(command)
        told = {"command": {"type": command, "id": asked.id}, "error": "boom", "attempts": 6}
        return self.reply(asked, "CommandFailed", told)

    def order(self, order: str, **told: Any) -> Decision:
        return self.event("InstanceOrder", {"workflow": self.workflow.name, "order": order, **told})

    def advance(self, seconds: float) -> None:
        """Let time pass; timers that become due go off in order."""
        end = self.now + timedelta(seconds=seconds)
        while self.dues:
            part, due = min(self.dues.items(), key=lambda one: one[1])
            if due > end:
                break
            self.now = max(self.now, due)
            self._lapse(part, due)
        self.now = end

    def advance_to_next(self, seconds: float) -> None:
        """Let the only timer that is set go off, once."""
        ((part, due),) = self.dues.items()
        self.now += timedelta(seconds=max(seconds, 0))
        self._lapse(part, due)

    def _lapse(self, part: str, due: datetime) -> None:
        assert self.instance is not None
        version, timer = self.instance.version, f"{KEY}/{part}"
        reaction = elapsed_id(version, timer, round(due.timestamp() * 1000))
        elapsed = Elapsed(KEY, due, reaction, self.now, "orchestrator", part, self.directory)
        before = dict(self.dues)
        self._decide(lambda: elapsed, reaction, {part} - {""})
        assert before != self.dues, "a timer that changes nothing goes off for ever"

    def _decide(
        self, signal: Any, reaction: ReactionId, loaded: set[str], *, recalls: bool = False
    ) -> Decision:
        while True:
            parts = {name: self.parts[name] for name in loaded if name in self.parts}
            instance = self.instance
            if instance is not None and instance.status.final and not recalls:
                instance = None  # the store keeps it for people only
            if instance is not None:
                instance = Instance(
                    instance.version, instance.state, instance.status, instance.revision, parts
                )
            made, again = (self._one(instance, signal()) for _ in range(2))
            assert made == again, "a decision must come out the same"
            if made.wanted is None:
                break
            missing = set(made.wanted) - loaded
            assert missing, "it wants what it has"
            assert missing <= self.parts.keys(), "it wants what does not exist"
            loaded = set(made.wanted)
            self.loads += 1
        self._take_over(made, reaction)
        return made

    def _one(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        return self.workflow.decide(instance, signal)

    def _take_over(self, made: Decision, reaction: ReactionId) -> None:
        self.last = made
        for each in made.outgoing:
            _check(each.type, each.data)
        self.sent += made.outgoing
        if made.writes:
            self._write(made, reaction)

    def _write(self, made: Decision, reaction: ReactionId) -> None:
        assert made.status is not None
        assert made.state is not None
        if self.instance is not None and self.instance.status.final:
            self.parts.clear()
        self.instance = Instance(reaction, made.state, made.status)
        self.dues.pop("", None)
        if made.due is not None:
            self.dues[""] = made.due
        for part in made.parts:
            self._write_part(part)
        if made.status.final:
            self.dues.clear()

    def _write_part(self, part: Part) -> None:
        assert part.state is not None
        self.parts[part.name] = part.state
        self.dues.pop(part.name, None)
        if part.due is not None:
            self.dues[part.name] = part.due

    def command(self, message_type: str) -> Outgoing:
        """Return the last message of a type that was sent."""
        return next(each for each in reversed(self.sent) if each.type == message_type)

    @property
    def types(self) -> list[str]:
        """What was sent, by type, in order."""
        return [each.type for each in self.sent]

    @property
    def state(self) -> State:
        assert self.instance is not None
        state = unpack(self.instance.state)
        assert unpack(state.pack()) == state, "a state must survive its bytes"
        return state

    @property
    def status(self) -> str:
        assert self.instance is not None
        return str(self.instance.status)

    def step(self, name: str) -> str:
        """Return the status of a step."""
        task = self.state.tasks.get(name)
        return "pending" if task is None else task.status


def _check(message_type: str, data: object) -> None:
    """Check a message of a built-in type."""
    known = built_in_types().get(message_type)
    if known is not None:
        known.validate(data)
