"""How instances and timers are shown: as rows, in full, as JSON. Knows no store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from orchestrator.cli.output import json_text, text
from orchestrator.cli.timeline import interval
from orchestrator.cli.waiting import distance
from orchestrator.core.later import kept
from orchestrator.core.scheduled import pending
from orchestrator.core.stateful.pattern import Element
from orchestrator.core.stateful.tally import every_event
from orchestrator.operation.pages import cursor, timer_cursor

if TYPE_CHECKING:
    from orchestrator.core.decision import Instance
    from orchestrator.core.stateful.memory import Kept
    from orchestrator.ports import FinishedInstance, InstanceKey, OpenInstance, Timer

INSTANCE_COLUMNS: Final = ("changed", "unchanged_for", "status", "rule", "key", "due")
FINISHED_COLUMNS: Final = ("ended", "ago", "status", "rule", "key", "revision")
TIMER_COLUMNS: Final = ("due", "in", "rule", "key", "kind", "type", "message")
FAILED_COLUMNS: Final = ("rule", "key", "type", "message")

_ID_SHOWN: Final = 8  # `timers cancel` takes any part that begins an id
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


def name(at: InstanceKey) -> dict[str, object]:
    """Return what an instance is called, as the first cells of a row."""
    return {"rule": at.definition, "key": at.key}


def instance_row(found: OpenInstance, now: datetime) -> dict[str, object]:
    """Return what a list shows of an open instance, under the names of `INSTANCE_COLUMNS`."""
    return {
        "changed": found.changed,
        "unchanged_for": _length(now - found.changed),
        "status": found.status,
        **name(found.at),
        "due": found.due,
        "cursor": cursor(found),
    }


def near(row: dict[str, object], now: datetime) -> dict[str, object]:
    """Return an `instance_row` for a narrow terminal: how far away it is due says enough."""
    due = row["due"]
    return {**row, "due": distance(due - now) if isinstance(due, datetime) else None}


def finished_row(found: FinishedInstance, now: datetime) -> dict[str, object]:
    """Return what a list shows of one that has ended, under the names of `FINISHED_COLUMNS`."""
    return {
        "ended": found.ended,
        "ago": _length(now - found.ended),
        "status": found.status,
        **name(found.at),
        "revision": found.revision or None,
        "kept": found.kept,
        "cursor": cursor(found),
    }


def finished_detail(found: FinishedInstance, last: Instance | None) -> dict[str, object]:
    """Return everything about an instance that has ended.

    Args:
        found: how it is listed.
        last: its last state with all pieces; None where none is kept.
    """
    shown: dict[str, object] = {
        **name(found.at),
        "status": found.status,
        "ended": found.ended,
        "revision": found.revision or None,
    }
    if last is not None:
        shown["state"] = readable(last.state)
        if last.parts:
            shown["pieces"] = {each: readable(last.parts[each]) for each in sorted(last.parts)}
    return shown


def failed_row(at: InstanceKey, instance: Instance | None) -> dict[str, object]:
    """Return what a list shows of a kept message that failed."""
    kept_type = kept(instance.state).type if instance else None
    return {**name(at), "type": kept_type, "message": at.message}


def timer_row(timer: Timer, instance: Instance | None, now: datetime) -> dict[str, object]:
    """Return what a list shows of a timer, under the names of `TIMER_COLUMNS`.

    Args:
        timer: which.
        instance: what it is for; None where it has ended a moment ago.
        now: to say in how long; a minus tells that it is late.
    """
    message = timer.at.message
    kept_type = kept(instance.state).type if message and instance else None
    return {
        "due": timer.due,
        "in": _length(timer.due - now),
        **name(timer.at),
        "kind": "message" if message else "piece" if timer.at.piece else _kind(instance),
        "type": kept_type,
        "message": message or timer.at.piece or None,
        "cursor": timer_cursor(timer),
    }


def _kind(instance: Instance | None) -> str:
    """Return what a timer that is for no message is for."""
    is_tick = instance is not None and pending(instance.state) is not None
    return "schedule" if is_tick else "rule"


def short(row: dict[str, object]) -> dict[str, object]:
    """Return a `timer_row` for a terminal: of the message's id what is enough to name it."""
    return {**row, "message": text(row["message"])[:_ID_SHOWN]}


def detail(found: OpenInstance, instance: Instance) -> dict[str, object]:
    """Return everything about an instance."""
    return {
        **name(found.at),
        "status": instance.status,
        "revision": instance.revision or None,
        "version": instance.version.hex(),
        "changed": found.changed,
        "due": found.due,
        "state": readable(instance.state),
    }


def page(shown: dict[str, object]) -> str:
    """Return `detail` as text for a person."""
    head = click.style(f"{text(shown['rule'])}  {text(shown['key'])}", bold=True)
    facts = "".join(
        f"\n  {fact:<10}{text(shown[fact])}"
        for fact in ("status", "changed", "ended", "due", "revision", "version")
        if shown.get(fact) is not None
    )
    contents = [_content(shown[each]) for each in ("state", "pieces") if each in shown]
    return "\n".join((f"{head}{facts}", *contents, ""))


def _content(state: object) -> str:
    if isinstance(state, str):
        return text(state)
    return json_text(state, indented=True)


def readable(state: bytes) -> object:
    """Return a state as JSON for people: events by the names they count for, with their times.

    What is written in another form is returned as it is.
    """
    try:
        content: Any = orjson.loads(state)
    except orjson.JSONDecodeError:
        return state.decode(errors="replace")
    if not isinstance(content, dict) or "kept" not in content:
        return content
    # Types are not part of what is remembered; the rule that knows them may be gone.
    elements = [Element(element, "", None) for element in content["kept"]]
    memory = every_event(state, elements)
    events: dict[str, list[dict[str, object]]] = {element.name: [] for element in elements}
    for one in memory.kept:
        events[one.name].append(_event(one))
    told = {} if memory.told is None else {"reported_until": _moment(memory.told)}
    return {"events": events, **told}


def _event(one: Kept) -> dict[str, object]:
    event = one.event
    if event is None:
        return {"time": _moment(one.time)}
    return {
        "time": _moment(one.time),
        "id": event.id,
        "source": event.source,
        "data": event.data,
    }


def _moment(microseconds: int) -> datetime:
    return _BEGINNING + timedelta(microseconds=microseconds)


def _length(between: timedelta) -> str:
    return interval(between).removeprefix("+")
