"""Reads one rule: its parts compiled, its definition normalised. Knows no other rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from orchestrator.core.definitions import Rule
from orchestrator.core.expression import ROOTS
from orchestrator.document import quoted
from orchestrator.rulefile.actions import ReadAction, read_actions
from orchestrator.rulefile.formulas import Readable, Repetition, read_condition, read_repetition
from orchestrator.rulefile.parts import Form
from orchestrator.rulefile.revision import digest
from orchestrator.rulefile.shapes import Shape
from orchestrator.rulefile.triggers import read_triggers

if TYPE_CHECKING:
    from orchestrator.core.expression import Expression
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.parts import Part

RULE_FORM = Form(
    what="a rule",
    keys=("name", "description", "when", "if", "then", "enabled", "for_each", "as"),
    stateful=frozenset({"within", "by", "otherwise", "timezone", "timeout", "after", "steps"}),
    synonyms={
        "on": "when",
        "event": "when",
        "trigger": "when",
        "condition": "if",
        "where": "if",
        "do": "then",
        "actions": "then",
        "send": "then",
        "action": "then",
        "commands": "then",
        "id": "name",
        "disabled": "enabled",
    },
    elsewhere={"with": "it belongs to a message: indent it as deep as its `send`"},
)
RULE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_NAME_ADVICE = "use up to 100 letters, digits, `.`, `_` and `-`, no blanks"


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as it was read; a name may still have to be found for it.

    Attributes:
        part: where it stands.
        name_part: where its name stands; where it has none, the rule itself.
        name: as it is written; None where it is not.
        enabled: whether it takes part.
        description: for people.
        triggers: event types.
        guard: the compiled ``if``.
        repetition: the rule's own ``for_each``.
        actions: what it sends.
        definition: normalised, without name and description: what the revision is made of.
    """

    part: Part
    name_part: Part
    name: str | None
    enabled: bool
    description: str
    triggers: tuple[str, ...]
    guard: Expression | None
    repetition: Repetition
    actions: list[ReadAction]
    definition: dict[str, object]

    def finished(self, name: str) -> Rule:
        """Return the rule under its name."""
        return Rule(
            name=name,
            revision=digest(orjson.dumps([name, self.definition], option=orjson.OPT_SORT_KEYS)),
            description=self.description,
            triggers=self.triggers,
            guard=self.guard,
            actions=tuple(read.action for read in self.actions),
            for_each=self.repetition.items,
            item_name=self.repetition.item_name,
            position=self.part.position,
        )


def read_rule(part: Part, catalog: MessageCatalog) -> Draft | None:
    """Return the rule, or None where nothing of it can be read. Problems are noted in the part."""
    if not isinstance(part.value, dict):
        part.refuse(f"a rule is a mapping with `when` and `then`, not {part.kind}")
        return None
    entries = part.entries(RULE_FORM)
    for key, advice in (("when", "name the event it waits for"), ("then", "name what it sends")):
        if key not in entries:
            part.refuse(f"this rule has no `{key}`: {advice}")
    when, then = entries.get("when"), entries.get("then")
    triggers = read_triggers(when, catalog) if when else ()
    readable = Readable(ROOTS, _data(triggers, catalog))
    repetition = read_repetition(entries, readable)
    actions = read_actions(then, catalog, repetition.readable) if then else []
    condition, items = entries.get("if"), entries.get("for_each")
    return Draft(
        part=part,
        name_part=entries.get("name", part),
        name=_read_name(entries.get("name")),
        enabled=_read_enabled(entries.get("enabled")),
        description=_read_description(entries.get("description")),
        triggers=triggers,
        guard=read_condition(condition, readable),
        repetition=repetition,
        actions=actions,
        definition={
            "when": triggers,
            "if": condition and condition.value,
            "for_each": items and items.value,
            "as": repetition.item_name,
            "then": [read.definition for read in actions],
        },
    )


def _data(triggers: tuple[str, ...], catalog: MessageCatalog) -> Shape:
    events = (catalog.event(trigger) for trigger in triggers)
    return Shape.of([event.schema if event else True for event in events])


def _read_name(part: Part | None) -> str | None:
    name = part.text("write a name such as complaint-intake") if part else None
    if part and name and not RULE_NAME.fullmatch(name):
        part.refuse(f"{quoted(name)} cannot name a rule: {_NAME_ADVICE}")
    return name


def _read_enabled(part: Part | None) -> bool:
    if part is None:
        return True
    if not isinstance(part.value, bool):
        part.refuse(f"`enabled` is {part.kind}: write true or false")
    return part.value is True


def _read_description(part: Part | None) -> str:
    if part is None:
        return ""
    return part.text("write what the rule is for, or remove it") or ""
