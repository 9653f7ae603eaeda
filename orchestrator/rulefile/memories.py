"""Reads the rest of a rule that remembers events: its time, key and actions. Waits for none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from orchestrator.core.expression.times import format_duration
from orchestrator.core.shapes import Shape
from orchestrator.core.stateful import AtLeast, Count, StatefulRule
from orchestrator.rulefile.actions import ReadAction, read_actions
from orchestrator.rulefile.durations import read_duration
from orchestrator.rulefile.keys import ReadKeys, read_keys
from orchestrator.rulefile.names import Readable
from orchestrator.rulefile.presence import warn_of_absent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from orchestrator.core.stateful import Pattern
    from orchestrator.rulefile.content import Heading
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.triggers import When

_NOT_HERE = {
    "if": "put the condition at an event, {event: A, if: ...}, or at an action",
    "for_each": "repeat an action instead: {send: ..., for_each: ...}",
    "as": "name an event instead: {event: A, as: ...}",
}
_NEEDS_WITHIN = {
    "count": "how far back it counts, such as `within: 30d`",
    "absent": "how long it waits, such as `within: 2d`",
}


@dataclass(frozen=True, slots=True)
class Memory:
    """A rule that remembers, as it was read.

    Attributes:
        when: the events.
        pattern: when it fires.
        within: how long it waits; None for ever.
        keys: by what it tells cases apart; None for the correlation key.
        then: what it sends when it fires.
        otherwise: what it sends when its time is over.
    """

    when: When
    pattern: Pattern
    within: timedelta | None
    keys: ReadKeys | None
    then: Sequence[ReadAction]
    otherwise: Sequence[ReadAction]

    @property
    def triggers(self) -> tuple[str, ...]:
        """The event types, without repetition."""
        return self.when.types

    @property
    def unconditional(self) -> frozenset[str]:
        """No event type where what it remembers decides; any where one event is enough."""
        alone = isinstance(self.pattern, AtLeast | Count) and self.pattern.number == 1
        return self.when.unconditional if alone and not self.otherwise else frozenset()

    @property
    def actions(self) -> list[ReadAction]:
        """Everything it may send, now or later."""
        return [*self.then, *self.otherwise]

    @property
    def definition(self) -> dict[str, object]:
        """Normalised, without name and description: what the revision is made of."""
        return {
            "when": [self.when.kind, asdict(self.pattern)],
            "events": [read.definition for read in self.when.elements],
            "within": format_duration(self.within) if self.within else None,
            "by": self.keys.definition if self.keys else None,
            "then": [read.definition for read in self.then],
            "otherwise": [read.definition for read in self.otherwise],
        }

    @property
    def needs_name(self) -> str:
        """Why a name that follows from the file would not do."""
        return "a rule that remembers events"

    def finished(self, heading: Heading) -> StatefulRule:
        """Return the rule under its heading."""
        return StatefulRule(
            name=heading.name,
            revision=heading.revision,
            description=heading.description,
            elements=tuple(read.element for read in self.when.elements),
            pattern=self.pattern,
            within=self.within,
            by=self.keys.expressions if self.keys else None,
            actions=tuple(read.action for read in self.then),
            otherwise=tuple(read.action for read in self.otherwise),
            position=heading.position,
        )


def read_memory(
    entries: Mapping[str, Part], when: When, pattern: Pattern, catalog: MessageCatalog
) -> Memory:
    """Return a rule that remembers. What had to be refused is left out."""
    for key, instead in _NOT_HERE.items():
        if key in entries:
            entries[key].refuse_key(f"`{key}` has no place in a rule that remembers: {instead}")
    readable = _readable(when)
    then, otherwise, by = (entries.get(key) for key in ("then", "otherwise", "by"))
    memory = Memory(
        when=when,
        pattern=pattern,
        within=_read_within(entries, when),
        keys=read_keys(by, when) if by else None,
        then=read_actions(then, catalog, readable) if then else [],
        otherwise=read_actions(otherwise, catalog, readable) if otherwise else [],
    )
    warn_of_absent(when, memory.then, memory.otherwise)
    return memory


def _readable(when: When) -> Readable:
    """Return what actions may read: of an absence, nothing of the event that is missed."""
    if not when.whole:
        return Readable().with_events(None)
    came = when.elements[:1] if when.kind == "absent" else when.elements
    events = {read.element.name: read.data for read in came}
    return Readable(Shape.any_of(events.values())).with_events(events)


def _read_within(entries: Mapping[str, Part], when: When) -> timedelta | None:
    within, otherwise = entries.get("within"), entries.get("otherwise")
    if otherwise and when.kind == "absent":
        otherwise.refuse_key(
            "`otherwise` has no place beside `absent`, whose `then` is sent when the time is over: "
            "for the event that came in time write a rule with `sequence`"
        )
    elif not within and isinstance(when.part.value, dict) and "within" in when.part.value:
        return None  # it is told already that this is the wrong place
    elif otherwise and not within:
        otherwise.refuse_key("`otherwise` is sent when time is over: say when, with `within`")
    if within:
        return read_duration(within)
    if when.kind in _NEEDS_WITHIN:
        when.part.refuse_key(f"`{when.kind}` needs `within`: {_NEEDS_WITHIN[when.kind]}")
    else:
        when.part.refuse_key(
            "without `within` this rule remembers for ever what never becomes complete: add one, "
            "such as `within: 30d`",
            "warning",
        )
    return None
