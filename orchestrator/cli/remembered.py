"""How instances and timers are shown: as rows, in full, as JSON. Knows no store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from orchestrator.cli.cursors import cursor
from orchestrator.cli.output import text
from orchestrator.cli.timeline import interval
from orchestrator.core.later import kept
from orchestrator.core.scheduled import pending
from orchestrator.core.stateful.pattern import Element
from orchestrator.core.stateful.tally import every_event

if TYPE_CHECKING:
    from orchestrator.core.decision import Instance
    from orchestrator.core.stateful.memory import Kept
    from orchestrator.ports import InstanceKey, OpenInstance, Timer

INSTANCE_COLUMNS: Final = ("changed", "unchanged_for", "rule", "key", "due")
TIMER_COLUMNS: Final = ("due", "in", "rule", "key", "kind", "type", "message")

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
        **name(found.at),
        "due": found.due,
        "cursor": cursor(found),
    }


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
        "kind": "message" if message else _kind(instance),
        "type": kept_type,
        "message": message or None,
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
        for fact in ("status", "changed", "due", "revision", "version")
        if shown[fact] is not None
    )
    state = shown["state"]
    content = (
        text(state)
        if isinstance(state, str)
        else orjson.dumps(state, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()
    )
    return f"{head}{facts}\n{content}\n"


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
