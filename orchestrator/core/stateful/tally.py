"""What a count remembers about one key: times, and the newest event. Knows not when it fires."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from orchestrator.core.ids import Identity
from orchestrator.core.stateful.memory import Kept, Memory, packed, unpack, unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Event
    from orchestrator.core.stateful.pattern import Element

_BYTES: Final = 16
"""Of an identity."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Up to ten thousand events of one element, kept so that one more costs next to nothing.

    Attributes:
        times: when they happened, in microseconds since 1970, the oldest first.
        identities: theirs, in the same order without anything between; ascending at equal times.
        newest: the last of them with its content; None where there are none.
        told: as in `Memory`.
    """

    times: list[int]
    identities: bytes
    newest: Kept | None
    told: int | None = None

    @property
    def first(self) -> int | None:
        """Return the time of the oldest event; None where there are none."""
        return self.times[0] if self.times else None

    @property
    def opened(self) -> int | None:
        """Return when the open window began: the time of the oldest event not yet reported."""
        begin = 0 if self.told is None else bisect_right(self.times, self.told)
        return self.times[begin] if begin < len(self.times) else None

    def knows(self, event: Event) -> bool:
        """Tell whether this very event is remembered already."""
        at = self.identities.find(event.identity)
        while at % _BYTES and at > 0:
            at = self.identities.find(event.identity, at + 1)
        return at >= 0

    def between(self, begin: int, end: int) -> int:
        """Return how many events happened then, both ends included."""
        return bisect_right(self.times, end) - bisect_left(self.times, begin)

    def adding(self, new: Kept, limit: int) -> Tally:
        """Return the tally with `new`, and at most `limit` events (2 or more).

        Above the limit the oldest, which its window began with, and the newest stay.
        """
        place = bisect_left(range(len(self.times)), new.order, key=self._order)
        added = Tally(
            [*self.times[:place], new.time, *self.times[place:]],
            self.identities[: place * _BYTES] + new.identity + self.identities[place * _BYTES :],
            new if place == len(self.times) else self.newest,
            self.told,
        )
        return added if len(added.times) <= limit else added._without_second()

    def after(self, time: int) -> Tally:
        """Return the tally with only those events that happened later."""
        begin = bisect_right(self.times, time)
        newest = self.newest if begin < len(self.times) else None
        return Tally(self.times[begin:], self.identities[begin * _BYTES :], newest, self.told)

    def pack(self) -> bytes:
        """Return the bytes to store: JSON, the older events without what is only told once."""
        if self.newest is None:
            raise ValueError("there is nothing to remember")
        state: dict[str, object] = {"kept": {self.newest.name: [packed(self.newest)]}}
        if len(self.times) > 1:
            state["times"] = self.times[:-1]
            older = b2a_base64(self.identities[:-_BYTES], newline=False)
            state["identities"] = older.decode()
        if self.told is not None:
            state["told"] = self.told
        return orjson.dumps(state)

    def _order(self, index: int) -> tuple[int, bytes]:
        return self.times[index], self.identities[index * _BYTES : (index + 1) * _BYTES]

    def _without_second(self) -> Tally:
        times = [self.times[0], *self.times[2:]]
        identities = self.identities[:_BYTES] + self.identities[2 * _BYTES :]
        return replace(self, times=times, identities=identities)


NOTHING_COUNTED: Final = Tally([], b"", None)


def unpack_tally(state: bytes, element: Element) -> Tally:
    """Return what `Tally.pack` wrote; nothing if it was for an element that is gone."""
    content: dict[str, Any] = orjson.loads(state)
    if element.name not in content["kept"]:
        return NOTHING_COUNTED
    newest = unpacked(content["kept"][element.name][-1], element)
    times = content.get("times", [])
    times.append(newest.time)
    identities = a2b_base64(content.get("identities", "")) + newest.identity
    return Tally(times, identities, newest, content.get("told"))


def every_event(state: bytes, elements: Sequence[Element]) -> Memory:
    """Return what a state of either form holds, event by event, for people who look at it."""
    memory = unpack(state, elements)
    content: dict[str, Any] = orjson.loads(state)
    identities = a2b_base64(content.get("identities", ""))
    older = [
        Kept(time, Identity(identities[at * _BYTES : (at + 1) * _BYTES]), elements[0].name, None)
        for at, time in enumerate(content.get("times", ()))
    ]
    return Memory((*older, *memory.kept), memory.told)
