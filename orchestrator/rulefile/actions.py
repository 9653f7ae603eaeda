"""Reads ``then``: the messages a rule sends, in their three forms. Sends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.definitions import Action
from orchestrator.core.expression.times import format_duration
from orchestrator.document import shown
from orchestrator.errors import SchemaViolation
from orchestrator.rulefile.doubts import unknown_field
from orchestrator.rulefile.durations import read_duration
from orchestrator.rulefile.formulas import read_condition, read_repetition, read_template
from orchestrator.rulefile.kinds import warn_of_kinds
from orchestrator.rulefile.messages import MessageCatalog, find_message
from orchestrator.rulefile.parts import Form

if TYPE_CHECKING:
    from orchestrator.core.expression import Template
    from orchestrator.rulefile.messages import DocumentedMessage
    from orchestrator.rulefile.names import Readable
    from orchestrator.rulefile.parts import Part

FULL_FORM = Form(
    what="an action",
    keys=("send", "with", "if", "for_each", "as", "after"),
    elsewhere=dict.fromkeys(
        ("await", "timeout", "retry", "compensate"), "belongs to a step of a workflow: remove it"
    ),
    synonyms={
        "data": "with",
        "payload": "with",
        "fields": "with",
        "when": "if",
        "condition": "if",
        "command": "send",
        "emit": "send",
        "publish": "send",
        "delay": "after",
        "in": "after",
    },
    note="; fields of the message go under `with`",
)
_MODIFIERS = (frozenset(FULL_FORM.keys) - {"send"}) | FULL_FORM.elsewhere.keys()
_FORMS = "write `- SendAcknowledgment`, or `- SendAcknowledgment: {fields}`, or `- send: ...`"


@dataclass(frozen=True, slots=True)
class ReadAction:
    """An action as it was read.

    Attributes:
        action: compiled.
        definition: normalised, for the revision of its rule.
        part: where it stands.
        in_failure: whether it is sent only where something failed.
    """

    action: Action
    definition: dict[str, object]
    part: Part
    in_failure: bool = False


def read_actions(then: Part, catalog: MessageCatalog, readable: Readable) -> list[ReadAction]:
    """Return the actions of ``then`` or ``otherwise``, without those that had to be refused."""
    if not isinstance(then.value, list):
        then.refuse(
            f"`{then.key}` is {then.kind}: put each message on a line of its own after `- `"
        )
        return []
    if not then.value:
        then.refuse(f"`{then.key}` is an empty list: name at least one message to send")
    read = (_read_action(item, catalog, readable) for item in then.items())
    return [action for action in read if action is not None]


def _read_action(item: Part, catalog: MessageCatalog, readable: Readable) -> ReadAction | None:
    match item.value:
        case str() as name if name:
            contract = find_message(item, catalog, name)
            return _finished(item, contract, None, readable) if contract else None
        case {"send": _}:
            return _read_full(item, catalog, readable)
        case dict() as fields if len(fields) == 1 and not _MODIFIERS.issuperset(fields):
            return _read_short(item, catalog, readable)
        case dict() as fields if any(FULL_FORM.meant(key) == "send" for key in fields):
            return _read_full(item, catalog, readable)
        case dict():
            item.refuse(_wrong_mapping(item))
        case _:
            item.refuse(f"an action cannot be {item.kind}: {_FORMS}")
    return None


def _read_short(item: Part, catalog: MessageCatalog, readable: Readable) -> ReadAction | None:
    ((name, data),) = item.all_entries().items()
    contract = find_message(item, catalog, name)
    if data.value is None:
        data.refuse_key(
            f"`{shown(name)}:` has no fields: write `- {shown(name)}` to pass the event's data on, "
            f"or `- {shown(name)}: {{}}` to send none"
        )
        return None
    return _finished(item, contract, data, readable) if contract else None


def _read_full(item: Part, catalog: MessageCatalog, readable: Readable) -> ReadAction | None:
    entries = item.entries(FULL_FORM)
    send = entries["send"]
    name = send.text("write the type of the message, such as SendAcknowledgment")
    contract = find_message(send, catalog, name) if name else None
    repetition = read_repetition(entries, readable)
    guard = read_condition(entries.get("if"), repetition.readable)
    template = read_data(entries.get("with"), contract, repetition.readable)
    after = read_duration(entries["after"]) if "after" in entries else None
    if contract is None:
        return None
    action = Action(
        message=contract,
        data=template,
        guard=guard,
        for_each=repetition.items,
        item_name=repetition.item_name,
        position=item.position,
        after=after,
    )
    definition = {key: part.value for key, part in entries.items()}
    delay = {"after": format_duration(after)} if after else {}
    return ReadAction(action, definition | delay, item)


def _finished(
    item: Part, contract: DocumentedMessage, data: Part | None, readable: Readable
) -> ReadAction:
    """Return an action of the bare or the short form."""
    action = Action(
        message=contract,
        data=read_data(data, contract, readable),
        guard=None,
        for_each=None,
        item_name="item",
        position=item.position,
    )
    definition: dict[str, object] = {"send": contract.name}
    if data is not None:
        definition["with"] = data.value
    return ReadAction(action, definition, item)


def read_data(
    data: Part | None, contract: DocumentedMessage | None, readable: Readable
) -> Template | None:
    """Return the template of a message's data; None where there is none, or it was refused.

    Args:
        data: the ``with``; None passes the data of the event on.
        contract: what is sent; None where that is not known.
        readable: what its expressions may read.
    """
    if data is None:
        return None
    if data.value is None:
        data.refuse_key("`with` is empty: remove it to pass the event's data on, or write {}")
        return None
    if isinstance(data.value, str) and not _is_one_template(data.value):
        data.refuse('a message\'s data is a mapping of fields, or one template: "${...}"')
        return None
    if not isinstance(data.value, dict | str):
        data.refuse(f"a message's data is a mapping of fields, not {data.kind}")
        return None
    template = read_template(data, readable)
    if template is not None and contract is not None:
        if template.is_constant:
            _check_constant(data, template, contract)
        else:
            _check_required(data, contract)
            warn_of_kinds(data, template, contract.name, contract.shape, readable)
        _check_names(data, contract)
    return template


def _is_one_template(text: str) -> bool:
    return text.startswith("${") and text.endswith("}")


def _check_constant(data: Part, template: Template, contract: DocumentedMessage) -> None:
    try:
        contract.validate(template({}))
    except SchemaViolation as violation:
        data.refuse(f"this data breaks the schema: {violation}")


def _check_required(data: Part, contract: DocumentedMessage) -> None:
    missing = [name for name in contract.shape.required if name not in data.all_entries()]
    if isinstance(data.value, dict) and missing:
        data.refuse(
            f"{contract.name} cannot be sent without {', '.join(missing)}: add what is missing"
        )


def _check_names(data: Part, contract: DocumentedMessage) -> None:
    shape = contract.shape
    for name, part in data.all_entries().items():
        if shape.field(name) is None:
            part.refuse_key(f"{contract.name}: {unknown_field(name, shape.names)}", "warning")


def _wrong_mapping(item: Part) -> str:
    fields = item.all_entries()
    modifiers = [key for key in fields if key in _MODIFIERS]
    first = next((key for key in fields if key not in _MODIFIERS), None)
    if first is None:
        return f"this action has no `send`: {_FORMS}"
    if modifiers:
        send = f"`send: {shown(first)}`"
        return f"`{modifiers[0]}` needs the full form: {send} and the fields under `with:`"
    if fields[first].value is None:
        return f"the fields of `{shown(first)}:` must be indented deeper than its name"
    return "two messages in one list item: put `- ` before each, or indent the fields deeper"
