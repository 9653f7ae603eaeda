"""Reads one rule: its parts compiled, its definition normalised. Knows no other rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from orchestrator.document import quoted
from orchestrator.rulefile.choices import read_switch
from orchestrator.rulefile.content import Heading
from orchestrator.rulefile.memories import read_memory
from orchestrator.rulefile.parts import Form
from orchestrator.rulefile.reactions import MEMORY_KEYS, read_reaction
from orchestrator.rulefile.revision import digest
from orchestrator.rulefile.schedules import SCHEDULE_KEYS, is_schedule, read_schedule
from orchestrator.rulefile.triggers import When, read_when

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.rulefile.content import Content, Finished
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.parts import Part

RULE_FORM = Form(
    what="a rule",
    keys=(
        *("name", "description", "when", "if", "then", "enabled", "for_each", "as"),
        *(*MEMORY_KEYS, *SCHEDULE_KEYS),
    ),
    elsewhere={
        "every": "stands in `when`: write `when: {every: ...}`",
        "steps": "belongs to a workflow: put this entry under `workflows:`",
        "after": "stands in an action, beside its `send`: move it there",
        "with": "is not a key of a rule: it belongs to a message: indent it as deep as its `send`",
    },
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
        "timeout": "within",
        "window": "within",
        "else": "otherwise",
        "key": "by",
        "tz": "timezone",
        "time_zone": "timezone",
        "zone": "timezone",
        "catchup": "catch_up",
    },
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
        content: what it waits for and what it sends.
    """

    part: Part
    name_part: Part
    name: str | None
    enabled: bool
    description: str
    content: Content

    def finished(self, name: str) -> Finished:
        """Return the rule under its name."""
        meaning = orjson.dumps([name, self.content.definition], option=orjson.OPT_SORT_KEYS)
        heading = Heading(name, digest(meaning), self.description, self.part.position)
        return self.content.finished(heading)


def read_rule(part: Part, catalog: MessageCatalog) -> Draft | None:
    """Return the rule, or None where nothing of it can be read. Problems are noted in the part."""
    if not isinstance(part.value, dict):
        part.refuse(f"a rule is a mapping with `when` and `then`, not {part.kind}")
        return None
    entries = part.entries(RULE_FORM)
    for key, advice in (("when", "name the event it waits for"), ("then", "name what it sends")):
        if key not in entries:
            part.refuse(f"this rule has no `{key}`: {advice}")
    return read_heading(part, entries, _read_content(part, entries, catalog))


def read_heading(part: Part, entries: Mapping[str, Part], content: Content) -> Draft:
    """Return a rule or workflow under the name it has, as far as it has one.

    Args:
        part: where it stands.
        entries: what it says.
        content: the same without its heading, read.
    """
    if content.needs_name and "name" not in entries:
        part.refuse(
            f"{content.needs_name} needs a `name`: one made from the file would change with it, "
            "and what waits would be lost"
        )
    return Draft(
        part=part,
        name_part=entries.get("name", part),
        name=_read_name(entries.get("name")),
        enabled=read_switch(entries.get("enabled"), default=True),
        description=_read_description(entries.get("description")),
        content=content,
    )


def _read_content(part: Part, entries: dict[str, Part], catalog: MessageCatalog) -> Content:
    if "when" in entries and is_schedule(entries["when"]):
        return read_schedule(entries, catalog)
    when = read_when(entries["when"], catalog) if "when" in entries else None
    if when is None:  # nobody knows which of them was meant: only what all have is read
        some_have = {*MEMORY_KEYS, *SCHEDULE_KEYS}
        entries = {key: entry for key, entry in entries.items() if key not in some_have}
        when = When(part, "any", (), None)
    for key in SCHEDULE_KEYS:
        if key in entries:
            entries[key].refuse_key(f"`{key}` is for schedules, `when: {{every: ...}}`: remove it")
    if when.pattern is None:
        return read_reaction(entries, when, catalog)
    return read_memory(entries, when, when.pattern, catalog)


def _read_name(part: Part | None) -> str | None:
    name = part.text("write a name such as complaint-intake") if part else None
    if part and name and not RULE_NAME.fullmatch(name):
        part.refuse(f"{quoted(name)} cannot name a rule: {_NAME_ADVICE}")
    return name


def _read_description(part: Part | None) -> str:
    if part is None:
        return ""
    return part.text("write what the rule is for, or remove it") or ""
