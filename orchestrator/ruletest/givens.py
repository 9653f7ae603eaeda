"""Reads ``given``: the events of a case and the time between them. Plays nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.document import shown
from orchestrator.rulefile.parts import Form
from orchestrator.ruletest.case import Advance, Given, Step
from orchestrator.ruletest.moments import read_length, read_moment
from orchestrator.ruletest.setting import Setting, only_entry, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from orchestrator.catalog import MessageType
    from orchestrator.rulefile.parts import Part

EVENT_FORM = Form(
    what="a given event",
    keys=("event", "data", "example", "at", "key", "id", "source", "answers"),
    elsewhere={},
    synonyms={
        "type": "event",
        "when": "event",
        "with": "data",
        "payload": "data",
        "time": "at",
        "correlationid": "key",
        "subject": "key",
        "causationid": "answers",
        "reply_to": "answers",
    },
    note="; fields of the event go under `data`",
)
DEFAULT_SOURCE = "test"
_ADVANCE = "advance"
_FORMS = "write `- ComplaintFiled: {fields}`, `- event: ...` or `- advance: 2d`"


def read_steps(given: Part, setting: Setting) -> tuple[Step, ...]:
    """Return what happens in a case, without what had to be refused."""
    if not isinstance(given.value, list) or not given.value:
        given.refuse(f"`given` is {_state(given)}: list what happens, each after `- `")
        return ()
    return tuple(_steps(given, setting))


def _state(part: Part) -> str:
    return "an empty list" if part.value == [] else part.kind


def _steps(given: Part, setting: Setting) -> Iterator[Step]:
    clock = setting.start
    for item in given.items():
        step = _read_step(item, setting, clock)
        if isinstance(step, Advance):
            clock += step.by
        elif step is not None and step.at is not None:
            clock = max(clock, step.at)
        if step is not None:
            yield step


def _read_step(item: Part, setting: Setting, clock: datetime) -> Step | None:
    match item.value:
        case str() as name if name:
            contract = setting.message_type(item, name)
            return _event(item, contract, {}, setting)
        case {"event": _}:
            return _read_full(item, setting)
        case dict() as entries if len(entries) == 1:
            return _read_short(item, setting, clock)
        case dict():
            item.refuse(f"this is no step of a case: {_FORMS}")
        case _:
            item.refuse(f"a step cannot be {item.kind}: {_FORMS}")
    return None


def _read_short(item: Part, setting: Setting, clock: datetime) -> Step | None:
    name, value = only_entry(item)
    if name == _ADVANCE:
        length = read_length(value, clock)
        return Advance(length) if length else None
    contract = setting.message_type(item, name)
    if value.value is None:
        value.refuse_key(
            f"`{shown(name)}:` has no fields: write `- {shown(name)}` for the first example of its "
            f"document, or `- {shown(name)}: {{}}` for none"
        )
        return None
    return _event(item, contract, {"data": value}, setting)


def _read_full(item: Part, setting: Setting) -> Given | None:
    entries = item.entries(EVENT_FORM)
    name = entries["event"].text("write the type of the event, such as ComplaintFiled")
    contract = setting.message_type(entries["event"], name) if name else None
    return _event(item, contract, entries, setting)


def _event(
    item: Part, contract: MessageType | None, entries: dict[str, Part], setting: Setting
) -> Given | None:
    key = read_text(entries.get("key"), setting.key)
    event_id = read_text(entries.get("id"), "")
    source = read_text(entries.get("source"), DEFAULT_SOURCE)
    at = read_moment(entries["at"], setting.start) if "at" in entries else None
    answers = entries.get("answers")
    if answers is not None and not answers.text("name the step, such as license or units[2]"):
        answers = None
    if contract is None:
        return None
    data = _data(item, contract, entries)
    return Given(contract.name, data, key, event_id or None, source, at, answers)


def _data(item: Part, contract: MessageType, entries: dict[str, Part]) -> object:
    """Return the data as it is written, laid over an example where one is named or none is."""
    written, wanted = entries.get("data"), entries.get("example")
    if written is not None and wanted is None:
        return written.value
    example = _example(wanted or item, contract)
    if written is None:
        return example
    if isinstance(example, dict) and isinstance(written.value, dict):
        return example | written.value
    written.refuse("only a mapping of fields can be laid over an example: remove `example`")
    return None


def _example(part: Part, contract: MessageType) -> object:
    """Return an example of the document, the first unless `part` holds another number."""
    number = part.value if part.key == "example" else 1
    examples = contract.examples
    if not examples:
        part.refuse(f"{contract.name} has no examples in its document: write its data")
    elif isinstance(number, bool) or not isinstance(number, int):
        part.refuse(f"`example` is {part.kind}: write its number, counted from 1")
    elif not 1 <= number <= len(examples):
        part.refuse(f"{contract.name} has examples 1 to {len(examples)}: choose one of them")
    else:
        return examples[number - 1]
    return None
