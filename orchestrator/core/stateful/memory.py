"""What a rule remembers about one key, and its bytes. Knows nothing of when a rule fires."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from orchestrator.core.event import Event
from orchestrator.core.ids import Identity, event_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.core.stateful.pattern import Element

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
_PADDING: Final = "=="
"""What 16 bytes end with in base64."""

_WITHOUT_CONTENT: Final = 2
"""Fields of an event of which only time and identity are kept."""

_ABSENT: Final[list[Any]] = [None] * 11

_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kept:
    """One event that is remembered.

    Attributes:
        time: when it happened, in microseconds since 1970.
        identity: of the event: tells a repetition from a second fact, and orders equal times.
        name: the element it counts for.
        event: the event itself; None where only its time matters.
    """

    time: int
    identity: Identity
    name: str
    event: Event | None

    @property
    def order(self) -> tuple[int, bytes]:
        """Return what events are sorted by: their time, and for equal times their identity."""
        return self.time, self.identity


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything a rule remembers about one key.

    Attributes:
        kept: the events, oldest first.
        told: the end of the last window that ended in vain, in microseconds since 1970: what
            happened until then is not reported again. None if there was none.
    """

    kept: tuple[Kept, ...] = ()
    told: int | None = None

    @property
    def first(self) -> int | None:
        """Return the time of the oldest event; None where there are none."""
        return self.kept[0].time if self.kept else None

    @property
    def opened(self) -> int | None:
        """Return when the open window began: the time of the oldest event not yet reported."""
        times = (one.time for one in self.kept)
        return next((time for time in times if self.told is None or time > self.told), None)

    def knows(self, event: Event) -> bool:
        """Tell whether this very event is remembered already."""
        return self.element_of(event) is not None

    def element_of(self, event: Event) -> str | None:
        """Return the name this very event is remembered by; None if it is not."""
        return next((one.name for one in self.kept if one.identity == event.identity), None)

    def between(self, begin: int, end: int) -> int:
        """Return how many events happened then, both ends included."""
        return sum(begin <= one.time <= end for one in self.kept)

    def adding(self, new: Kept, limit: int) -> Memory:
        """Return the memory with `new`, and at most `limit` events (2 or more) per element.

        Above the limit the oldest, which its window began with, and the newest stay.
        """
        kept = sorted((*self.kept, new), key=lambda one: one.order)
        same = [one for one in kept if one.name == new.name]
        if len(same) > limit:
            kept.remove(same[1])
        return Memory(tuple(kept), self.told)

    def where(self, wanted: Callable[[Kept], bool]) -> Memory:
        """Return the memory with only those events."""
        return Memory(tuple([one for one in self.kept if wanted(one)]), self.told)

    def pack(self) -> bytes:
        """Return the bytes to store."""
        by_name: dict[str, list[list[object]]] = {}
        for one in self.kept:
            by_name.setdefault(one.name, []).append(packed(one))
        state: dict[str, object] = {"kept": by_name}
        if self.told is not None:
            state["told"] = self.told
        return orjson.dumps(state)


def unpack(state: bytes, elements: Sequence[Element]) -> Memory:
    """Return what `Memory.pack` wrote; what counted for an element that is gone is left out."""
    content: dict[str, Any] = orjson.loads(state)
    kept = [
        unpacked(one, element)
        for element in elements
        for one in content["kept"].get(element.name, ())
    ]
    return Memory(tuple(sorted(kept, key=lambda one: one.order)), content.get("told"))


def microseconds(moment: datetime) -> int:
    """Return a moment in microseconds since 1970."""
    return (moment - _EPOCH) // MICROSECOND


def milliseconds_after(time: int) -> datetime:
    """Return the first full millisecond not before a time in microseconds: timers are never early.

    A time beyond the year 9999 is that year's last day.
    """
    milliseconds = -(-time // 1000)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _LATEST


def packed(one: Kept) -> list[object]:
    """Return an event as a list: without what follows from the rest, and short at its end."""
    event = one.event
    if event is None:
        return [one.time, _text(one.identity)]
    derived = event_identity(event.source, event.type, event.id)
    fields = [
        one.time,
        event.id,
        event.source,
        event.data,
        event.subject,
        None if event.correlation_id == event.subject else event.correlation_id,
        None if one.identity == derived else _text(one.identity),
        event.causation_id,
        event.traceparent,
        event.hops or None,
        event.trail or None,
    ]
    while fields[-1] is None:
        fields.pop()
    return fields


def unpacked(fields: list[Any], element: Element) -> Kept:
    """Return what `packed` made a list of."""
    if len(fields) == _WITHOUT_CONTENT:
        return Kept(fields[0], _identity(fields[1]), element.name, None)
    time, event_id, source, data, *rest = fields + _ABSENT[len(fields) :]
    subject, correlation_id, encoded, causation_id, traceparent, hops, trail = rest
    event = Event(
        type=element.event_type,
        id=event_id,
        source=source,
        subject=subject,
        time=_EPOCH + timedelta(microseconds=time),
        data=data,
        correlation_id=subject if correlation_id is None else correlation_id,
        causation_id=causation_id,
        traceparent=traceparent,
        identity=(
            event_identity(source, element.event_type, event_id)
            if encoded is None
            else _identity(encoded)
        ),
        hops=hops or 0,
        trail=trail or "",
    )
    return Kept(time, event.identity, element.name, event)


def _text(identity: Identity) -> str:
    return b2a_base64(identity, newline=False).decode().removesuffix(_PADDING)


def _identity(text: str) -> Identity:
    return Identity(a2b_base64(text + _PADDING))
