"""What is remembered of an instance, and its bytes: JSON for people too. Decides nothing."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import orjson

from orchestrator.core.event import Event
from orchestrator.core.ids import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

Phase = Literal[
    "running",
    "compensating",
    "stopping",
    "recalled",  # told to take itself back before it began
    "completed",
    "faulted",
    "cancelled",
]

TaskStatus = Literal[
    "pending",  # an item whose turn has not come
    "running",  # a command is out, or a time or a person is waited for
    "waiting",  # between two attempts
    "unrouted",  # nobody lives who could do it
    "compensating",  # a group that takes back what its members did
    "incident",  # it cannot go on without a person
    "completed",
    "failed",
    "skipped",
    "cancelled",  # given up before it had an effect
]
_OPEN: Final = frozenset({"running", "waiting", "unrouted", "compensating", "incident"})

Fault: TypeAlias = "Mapping[str, str | None]"
"""``step``, ``type`` and ``reason`` of what an instance fails by; step None for no single one."""

_COLLECTIONS: Final = ("variables", "done", "incidents", "early")
"""What is left out of the bytes where it is empty."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(slots=True)
class Items:
    """How far a for-each is. The items themselves are in pieces of their own.

    Attributes:
        total: how many there are.
        next: the first that was not opened yet.
        open: how many are open.
        done: how many are completed.
        failed: how many failed.
        back: the next to be compensated; None while nothing is.
        undoing: how many are being compensated.
        drained: whether those between two attempts were given up.
    """

    total: int
    next: int = 0
    open: int = 0
    done: int = 0
    failed: int = 0
    back: int | None = None
    undoing: int = 0
    drained: bool = False


@dataclass(slots=True)
class Task:
    """How far a step, an item of a for-each, or a compensation is.

    Attributes:
        status: what it is doing, or how it ended.
        opened: when, in milliseconds since 1970, as all times here.
        closed: when it ended; None while it has not.
        attempt: how many commands were sent for it.
        base: how many of them were sent before a person had it tried anew.
        due: when it wants to be looked at if nothing happens; None for never.
        output: what it gave.
        error: ``type`` and ``reason`` of its failure, or of its last attempt's.
        unknown: whether a command went unanswered, so that its effect may exist.
        role: of an approval: who is asked now.
        recalled: of a sub-workflow: whether it was told to take itself back.
        item: of an item: its value.
        prepared: of an item: its command's ``data``, where that was computed when the step opened.
        items: of a for-each: how far its items are.
        undo: its compensation, once that has begun.
    """

    status: TaskStatus
    opened: int = 0
    closed: int | None = None
    attempt: int = 0
    base: int = 0
    due: int | None = None
    output: object = None
    error: dict[str, str] | None = None
    unknown: bool = False
    role: str | None = None
    recalled: bool = False
    item: object = None
    prepared: dict[str, object] | None = None
    items: Items | None = None
    undo: Task | None = None

    @property
    def is_open(self) -> bool:
        """Whether it was begun and has not ended."""
        return self.status in _OPEN

    @property
    def may_have_an_effect(self) -> bool:
        """Whether there is something that a compensation would have to undo."""
        if self.items is not None:
            return self.items.next > 0
        return self.status == "completed" or self.unknown


@dataclass(slots=True)
class Origin:
    """What is remembered of the event that started an instance, beside its data.

    Attributes: as of the event; ``cause`` is the id of what an order to start it followed from.
    """

    id: str
    type: str
    traceparent: str | None = None
    hops: int = 0
    trail: str = ""
    cause: str | None = None

    @classmethod
    def of(cls, event: Event, cause: str | None = None) -> Origin:
        """Return what is remembered of `event`."""
        return cls(event.id, event.type, event.traceparent, event.hops, event.trail, cause)


@dataclass(slots=True)
class State:
    """Everything that is remembered of one instance, but its items.

    Attributes:
        id: of the instance, 24 hexadecimal digits.
        key: the correlation key.
        revision: of the workflow that began it.
        phase: what it is doing, or how it ended.
        started: when.
        input: the data of the event that started it.
        start: that event.
        variables: by name.
        tasks: of every step that was opened or skipped, by name.
        done: the steps that may have had an effect, in the order in which they were closed.
        ended: when it ended; None while it has not.
        deadline: when the time for the whole instance is over.
        error: ``step``, ``type`` and ``reason`` of what it faulted by.
        cancelled: whether a person ended it.
        suspended: since when a person has stopped it for a while; None where nobody has.
        incidents: target -> why it cannot go on without a person.
        early: type -> replies that came before the step that awaits them.
        parent: ``workflow``, ``key`` and ``command`` of who runs it; None for nobody.
        reply_as: what its end is called to its parent, where it was told to compensate.
        depth: how many workflows it is nested in.
        successor: ``input``, ``parent``, ``depth`` and ``start`` of the instance that is to follow.
    """

    id: str
    key: str
    revision: str
    phase: Phase
    started: int
    input: object
    start: Origin
    variables: dict[str, object] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    ended: int | None = None
    deadline: int | None = None
    error: Fault | None = None
    cancelled: bool = False
    suspended: int | None = None
    incidents: dict[str, str] = field(default_factory=dict)
    early: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    parent: dict[str, str] | None = None
    reply_as: str | None = None
    depth: int = 0
    successor: dict[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.ended is not None

    def pack(self) -> bytes:
        """Return the bytes to store."""
        content = _STATE.content(self)
        for name in _COLLECTIONS:
            if not content[name]:
                del content[name]
        content["start"] = _ORIGIN.content(self.start)
        content["tasks"] = {name: pack_task(task) for name, task in self.tasks.items()}
        return orjson.dumps(content)


def unpack(state: bytes) -> State:
    """Return what `State.pack` wrote."""
    content: dict[str, Any] = orjson.loads(state)
    content.setdefault("input", None)
    content["start"] = Origin(**content["start"])
    content["tasks"] = {name: unpack_task(packed) for name, packed in content["tasks"].items()}
    return State(**content)


def pack_event(event: Event) -> dict[str, Any]:
    """Return an event in a form that can be kept in a state."""
    return asdict(event) | {"time": event.time.isoformat(), "identity": event.identity.hex()}


def unpack_event(packed: Mapping[str, Any]) -> Event:
    """Return what `pack_event` wrote."""
    time = datetime.fromisoformat(packed["time"])
    return Event(
        **{**packed, "time": time, "identity": Identity(bytes.fromhex(packed["identity"]))}
    )


def milliseconds(moment: datetime) -> int:
    """Return a moment in full milliseconds since 1970, not before it."""
    return -((_EPOCH - moment) // _MILLISECOND)


def moment_of(time: int | None) -> datetime | None:
    """Return the moment of a time in milliseconds; beyond the year 9999 that year's last day."""
    if time is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=time)
    except OverflowError:
        return _LATEST


class _Writer:
    """Writes the fields of a dataclass that do not have their defaults, in few steps of Python."""

    def __init__(self, kind: type) -> None:
        known = fields(kind)
        self._names = tuple(each.name for each in known)
        self._values = attrgetter(*self._names)
        self._defaults = tuple(None if each.default is MISSING else each.default for each in known)

    def content(self, value: object) -> dict[str, Any]:
        held = zip(self._names, self._values(value), self._defaults, strict=True)
        return {name: each for name, each, default in held if each is not default}


_TASK: Final = _Writer(Task)
_STATE: Final = _Writer(State)
_ITEMS: Final = _Writer(Items)
_ORIGIN: Final = _Writer(Origin)


def pack_task(task: Task) -> dict[str, Any]:
    """Return a task in the form of its bytes."""
    content = _TASK.content(task)
    if task.items is not None:
        content["items"] = _ITEMS.content(task.items)
    if task.undo is not None:
        content["undo"] = pack_task(task.undo)
    return content


def unpack_task(packed: Mapping[str, Any]) -> Task:
    """Return what `pack_task` wrote."""
    task = Task(**packed)
    if "items" in packed:
        task.items = Items(**packed["items"])
    if "undo" in packed:
        task.undo = unpack_task(packed["undo"])
    return task
