"""What the parts of a test are read against: message types, rules, start and key. Reads no YAML."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.document import quoted
from orchestrator.rulefile.messages import find_message

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from orchestrator.catalog import Catalog, MessageType
    from orchestrator.rulefile.parts import Part


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known where a case is read.

    Attributes:
        catalog: the message types.
        rules: the names of the rules under test.
        start: when the case begins.
        key: the correlation key of its events, unless they say otherwise.
    """

    catalog: Catalog
    rules: Collection[str]
    start: datetime
    key: str

    def message_type(self, part: Part, name: str) -> MessageType | None:
        """Return the message type called `name`, or refuse it at `part`."""
        known = self.catalog.event(name)
        if known is None:
            find_message(part, self.catalog, name)
        return known

    def rule(self, part: Part) -> str | None:
        """Return the name of a rule; None where it had to be refused."""
        name = part.text("write the name of a rule")
        if name is None or name in self.rules:
            return name
        near = difflib.get_close_matches(name, self.rules, n=1)
        there_is = f"did you mean {quoted(near[0])}?" if near else "`rules check` finds none such"
        part.refuse(f"there is no rule {quoted(name)}: {there_is}")
        return None


def read_flag(part: Part | None) -> bool:
    """Return true or false, false if left out; refuse anything else."""
    if part is None:
        return False
    if not isinstance(part.value, bool):
        part.refuse(f"`{part.key}` is {part.kind}: write true, or leave it out")
        return False
    return part.value


def read_text(part: Part | None, default: str) -> str:
    """Return a text that is not blank, `default` if left out; refuse anything else."""
    if part is None:
        return default
    return part.text("write a text; a number needs quotes") or default


def only_entry(part: Part) -> tuple[str, Part]:
    """Return the key and the value of a mapping that has one entry."""
    ((name, value),) = part.all_entries().items()
    return name, value
