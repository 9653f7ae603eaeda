"""Reads ``when``: which events a rule waits for, and in which pattern. Knows no other key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from orchestrator.core.shapes import ANYTHING, Shape
from orchestrator.core.stateful import MAX_COUNTED, Absent, AtLeast, Count, InSequence
from orchestrator.rulefile.elements import ReadElement, read_elements
from orchestrator.rulefile.parts import Form

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.stateful import Pattern
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.parts import Part

Kind = Literal["any", "all", "at_least", "sequence", "count", "absent"]


@dataclass(frozen=True, slots=True)
class When:
    """What a rule waits for.

    Attributes:
        part: where it stands.
        kind: its form; ``any`` needs no memory.
        elements: the events, without those that had to be refused.
        pattern: when a rule that remembers fires; None for ``any``.
        whole: whether nothing of it had to be refused, so that others can be checked against it.
    """

    part: Part
    kind: Kind
    elements: tuple[ReadElement, ...]
    pattern: Pattern | None
    whole: bool = True

    @property
    def types(self) -> tuple[str, ...]:
        """The event types, without repetition, in the order they are written."""
        return tuple(dict.fromkeys(read.element.event_type for read in self.elements))

    @property
    def data(self) -> Shape:
        """What the schemas say of the data of an event it waits for, whichever it is."""
        shapes = {read.element.event_type: read.data for read in self.elements}
        return Shape.any_of(shapes.values()) if self.whole else ANYTHING

    @property
    def unconditional(self) -> frozenset[str]:
        """The types of which every event is wanted, whatever it holds."""
        return frozenset(r.element.event_type for r in self.elements if not r.condition)


def read_when(when: Part, catalog: MessageCatalog) -> When | None:
    """Return what a rule waits for; None where its form had to be refused."""
    before = len(when.problems)
    found = _read_form(when, catalog)
    refused = any(problem.level == "error" for problem in when.problems[before:])
    return found and replace(found, whole=not refused)


def _read_form(when: Part, catalog: MessageCatalog) -> When | None:
    if not isinstance(when.value, dict):
        return _read_any(when, catalog)
    for key, read in _FORMS.items():
        if key in when.value:
            return read(when, catalog)
    when.refuse(
        "`when` takes an event type, a list of them, or one of all, at_least, sequence, count, "
        "absent and every: {all: [A, B]}"
    )
    return None


def _read_any(when: Part, catalog: MessageCatalog) -> When:
    if when.value == []:
        when.refuse("`when` is an empty list: name at least one event type")
    parts = when.items() if isinstance(when.value, list) else [when]
    return When(when, "any", read_elements(parts, catalog), None)


def _read_all(when: Part, catalog: MessageCatalog) -> When:
    entries = when.entries(_form("all"))
    elements = _read_several(entries["all"], catalog)
    return When(when, "all", elements, AtLeast(len(elements)))


def _read_at_least(when: Part, catalog: MessageCatalog) -> When:
    entries = when.entries(_form("at_least", "of"))
    if entries.keys() != {"at_least", "of"}:
        when.refuse("`at_least` and `of` belong together: {at_least: 2, of: [A, B, C]}")
        return When(when, "at_least", (), AtLeast(1))
    listed = _listed(entries["of"], at_least=1)
    number = _read_number(entries["at_least"])
    if number == 1:
        advice = "one of several needs no memory: write `when: [A, B]`"
        entries["at_least"].refuse(advice, "warning")
    elif number and number > len(listed) > 0:
        entries["at_least"].refuse(
            f"only {len(listed)} events are listed under `of`: list more, or write a smaller number"
        )
    return When(when, "at_least", read_elements(listed, catalog), AtLeast(number or 1))


def _read_sequence(when: Part, catalog: MessageCatalog) -> When:
    entries = when.entries(_form("sequence"))
    return When(when, "sequence", _read_several(entries["sequence"], catalog), InSequence())


def _read_count(when: Part, catalog: MessageCatalog) -> When:
    entries = when.entries(_form("count", "at_least"))
    if "at_least" not in entries:
        when.refuse("`count` needs a number: {count: ComplaintFiled, at_least: 3}")
    elements = _read_counted(entries["count"], catalog)
    number = _read_number(entries["at_least"]) if "at_least" in entries else None
    if number == 1:
        advice = "counting to one needs no memory: write `when: A`"
        entries["at_least"].refuse(advice, "warning")
    elif number and number > MAX_COUNTED:
        entries["at_least"].refuse(f"a rule counts up to {MAX_COUNTED:,}: write a smaller number")
    return When(when, "count", elements, Count(number or 1))


def _read_counted(part: Part, catalog: MessageCatalog) -> tuple[ReadElement, ...]:
    if isinstance(part.value, list):
        part.refuse("`count` takes one event: write its type without [ ]")
        return ()
    return read_elements([part], catalog)


def _read_absent(when: Part, catalog: MessageCatalog) -> When:
    entries = when.entries(_form("absent", "after"))
    if "after" not in entries:
        when.refuse("`absent` needs the event it should follow: {absent: B, after: A}")
    ends = [entries[key] for key in ("after", "absent") if key in entries]
    if len(ends) > 1 and _is_same_event(*ends):
        ends.pop().refuse(
            "this is the event in `after`, and cannot call itself off: to notice that it comes no "
            "more, write a workflow that it starts, with a `wait` and `on_duplicate: restart`"
        )
    return When(when, "absent", read_elements(ends, catalog), Absent())


def _is_same_event(after: Part, absent: Part) -> bool:
    """Tell whether both are one type, and nothing tells apart which of the two an event is."""
    opening = after.value
    if isinstance(opening, dict):
        opening = None if "if" in opening else opening.get("event")
    closing = absent.value.get("event") if isinstance(absent.value, dict) else absent.value
    return isinstance(opening, str) and opening == closing


def _read_single(when: Part, catalog: MessageCatalog) -> When:
    return When(when, "any", read_elements([when], catalog), None)


_FORMS: dict[str, Callable[[Part, MessageCatalog], When]] = {
    "event": _read_single,
    "all": _read_all,
    "sequence": _read_sequence,
    "count": _read_count,
    "absent": _read_absent,
    "at_least": _read_at_least,
    "of": _read_at_least,
}
_BESIDE = "stands beside `when`, not in it: indent it less"
_ASIDE = dict.fromkeys(("within", "by", "otherwise", "then"), _BESIDE)


def _form(*keys: str) -> Form:
    what = "`when: {" + ", ".join(f"{key}: ..." for key in keys) + "}`"
    return Form(what=what, keys=keys, elsewhere=_ASIDE, synonyms={})


def _read_several(part: Part, catalog: MessageCatalog) -> tuple[ReadElement, ...]:
    return read_elements(_listed(part, at_least=2), catalog)


def _listed(part: Part, at_least: int) -> list[Part]:
    """Return the items of a list of events, or none where the list itself is wrong."""
    if not isinstance(part.value, list):
        part.refuse(f"`{part.key}` is {part.kind}: write a list of event types, such as [A, B]")
        return []
    if len(part.value) < at_least:
        part.refuse(f"`{part.key}` has too few events: write at least {at_least}, such as [A, B]")
    return list(part.items())


def _read_number(part: Part) -> int | None:
    """Return how many; None where that had to be refused."""
    if type(part.value) is not int or part.value < 1:
        part.refuse(f"`{part.key}` takes a whole number from 1, such as 3")
        return None
    return part.value
