"""Reads what a case expects: messages, none of a type, dead letters, instances. Judges nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from orchestrator.document import shown
from orchestrator.rulefile.parts import Form
from orchestrator.ruletest.case import Expected, ExpectedInstance, ExpectedLetter
from orchestrator.ruletest.moments import read_moment
from orchestrator.ruletest.setting import Setting, only_entry, read_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from orchestrator.rulefile.parts import Part

T = TypeVar("T")

MESSAGE_FORM = Form(
    what="an expected message",
    keys=("message", "with", "exactly", "key", "rule", "at"),
    elsewhere={},
    synonyms={
        "send": "message",
        "command": "message",
        "event": "message",
        "type": "message",
        "data": "with",
        "fields": "with",
        "equals": "exactly",
        "time": "at",
        "correlationid": "key",
        "from": "rule",
    },
    note="; fields of the message go under `with`",
)
LETTER_FORM = Form(
    what="an expected dead letter",
    keys=("rule", "reason"),
    elsewhere={},
    synonyms={"why": "reason", "error": "reason"},
)
INSTANCE_FORM = Form(
    what="an expected instance",
    keys=("rule", "key"),
    elsewhere={},
    synonyms={"definition": "rule", "correlationid": "key"},
)
OTHERS = "others"
_FORMS = "write `- SendAcknowledgment`, `- SendAcknowledgment: {fields}` or `- message: ...`"


def read_messages(expect: Part | None, setting: Setting) -> tuple[Expected, ...]:
    """Return the messages of ``expect``, without those that had to be refused."""
    if expect is None:
        return ()
    if not isinstance(expect.value, list) or not expect.value:
        expect.refuse(
            "`expect` lists messages, each after `- `; for none write expect_none: others"
        )
        return ()
    return _all(expect, lambda item: _read_message(item, setting))


def _all(part: Part, read: Callable[[Part], T | None]) -> tuple[T, ...]:
    return tuple(found for item in part.items() if (found := read(item)) is not None)


def _read_message(item: Part, setting: Setting) -> Expected | None:
    match item.value:
        case str() as name if name:
            return _message(item, name, {}, setting)
        case {"message": _}:
            entries = item.entries(MESSAGE_FORM)
            name = entries["message"].text("write a type, such as SendAcknowledgment") or ""
            return _message(entries["message"], name, entries, setting) if name else None
        case dict() as fields if len(fields) == 1:
            name, data = only_entry(item)
            if data.value is None:
                data.refuse_key(
                    f"`{shown(name)}:` has no fields: write `- {shown(name)}` for any data"
                )
                return None
            return _message(item, name, {"with": data}, setting)
        case _:
            item.refuse(f"this is no expected message: {_FORMS}")
    return None


def _message(place: Part, name: str, entries: dict[str, Part], setting: Setting) -> Expected | None:
    contract = setting.message_type(place, name)
    subset, whole = entries.get("with"), entries.get("exactly")
    if subset is not None and whole is not None:
        subset.refuse_key("`with` and `exactly` exclude each other: keep one")
    rule = setting.rule(entries["rule"]) if "rule" in entries else None
    after = _after_start(entries["at"], setting.start) if "at" in entries else None
    key = read_text(entries.get("key"), "")
    if contract is None:
        return None
    data = whole or subset
    return Expected(name, data, whole is not None, key or None, rule, after, place.position)


def _after_start(part: Part, start: datetime) -> timedelta | None:
    moment = read_moment(part, start)
    if moment is not None and moment < start:
        part.refuse("this is before the case begins: nothing is sent then")
        return None
    return None if moment is None else moment - start


def read_never(
    never: Part | None, setting: Setting, messages: tuple[Expected, ...]
) -> tuple[frozenset[str], bool]:
    """Return the types of ``expect_none``, and whether it means all that are not expected.

    Args:
        never: what was written.
        setting: what it is read in.
        messages: what the same case expects.
    """
    if never is None:
        return frozenset(), False
    if never.value == OTHERS:
        return frozenset(), True
    parts = list(never.items()) if isinstance(never.value, list) else [never]
    if not parts:
        never.refuse(f"`expect_none` is an empty list: name message types, or write {OTHERS}")
    instead = f"write a message type, a list of them, or {OTHERS}"
    texts = [(part, part.text(instead)) for part in parts]
    for part, name in texts:
        if any(message.type == name for message in messages):
            part.refuse(f"`expect` wants {name} to be sent: remove it here or there")
    return frozenset(
        name for part, name in texts if name and setting.message_type(part, name) is not None
    ), False


def read_letters(letters: Part | None, setting: Setting) -> tuple[ExpectedLetter, ...]:
    """Return the dead letters of ``expect_dead_letter``, without those that had to be refused."""
    if letters is None:
        return ()
    if isinstance(letters.value, dict):
        found = _read_letter(letters, setting)
        return (found,) if found else ()
    if not isinstance(letters.value, list) or not letters.value:
        letters.refuse("write one as {rule: ..., reason: ...}, or a list of them")
    return _all(letters, lambda item: _read_letter(item, setting))


def _read_letter(part: Part, setting: Setting) -> ExpectedLetter | None:
    if not isinstance(part.value, dict):
        part.refuse(f"a dead letter cannot be {part.kind}: write {{rule: ..., reason: ...}}")
        return None
    entries = part.entries(LETTER_FORM)
    rule = setting.rule(entries["rule"]) if "rule" in entries else None
    reason = read_text(entries.get("reason"), "")
    return ExpectedLetter(rule, reason or None, part.position)


def read_instances(instances: Part | None, setting: Setting) -> tuple[ExpectedInstance, ...] | None:
    """Return the instances of ``expect_open``; None where it is left out."""
    if instances is None:
        return None
    if not isinstance(instances.value, list):
        instances.refuse("`expect_open` lists instances, each after `- `; [] is for none")
    return _all(instances, lambda item: _read_instance(item, setting))


def _read_instance(part: Part, setting: Setting) -> ExpectedInstance | None:
    if not isinstance(part.value, dict):
        rule = setting.rule(part)
        return ExpectedInstance(rule, setting.key, part.position) if rule else None
    entries = part.entries(INSTANCE_FORM)
    if "rule" not in entries:
        part.refuse("this instance has no `rule`: write {rule: ..., key: ...}")
        return None
    rule = setting.rule(entries["rule"])
    key = read_text(entries.get("key"), setting.key)
    return ExpectedInstance(rule, key, part.position) if rule else None
