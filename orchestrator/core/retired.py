"""Wordings of definitions that changed while instances were open under them. Knows no store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.core.decision import Definition
    from orchestrator.core.definitions import MessageContract


class Revision(NamedTuple):
    """One wording of a definition.

    Attributes:
        name: the definition's name.
        revision: hash of what it means, 12 hexadecimal digits.
    """

    name: str
    revision: str


class Recalled(NamedTuple):
    """A definition compiled from its kept text, with what its events must satisfy, by type."""

    definition: Definition
    contracts: Mapping[str, MessageContract]


Recall: TypeAlias = "Callable[[Revision, str], Recalled]"
"""Compiles a kept text with today's catalog. Raises ``InvalidDefinitions`` when that fails."""


@dataclass(slots=True)
class Retired:
    """What is known of old wordings beside one rulebook. Grows while it runs, as they are met.

    Attributes:
        definitions: those that could be compiled.
        unreadable: the others, and why.
        by_type: event type -> name -> its old wordings that want it.
        contracts: event type -> what the events of an old wording must satisfy.
    """

    definitions: dict[Revision, Definition] = field(default_factory=dict)
    unreadable: dict[Revision, str] = field(default_factory=dict)
    by_type: dict[str, dict[str, list[Definition]]] = field(default_factory=dict)
    contracts: dict[str, MessageContract] = field(default_factory=dict)

    def __contains__(self, revision: Revision) -> bool:
        """Tell whether this wording is known, be it that it cannot be read."""
        return revision in self.definitions or revision in self.unreadable

    def __bool__(self) -> bool:
        """Tell whether any is known."""
        return bool(self.definitions or self.unreadable)

    def add(self, recalled: Recalled) -> None:
        """Let a definition take part again."""
        definition = recalled.definition
        self.definitions[Revision(definition.name, definition.revision)] = definition
        for trigger in definition.triggers:
            self.by_type.setdefault(trigger, {}).setdefault(definition.name, []).append(definition)
        self.contracts.update(recalled.contracts)

    def forget(self, revision: Revision) -> None:
        """Take no notice of a wording any more: nothing is open under it."""
        self.unreadable.pop(revision, None)
        definition = self.definitions.pop(revision, None)
        if definition is None:
            return
        for trigger in definition.triggers:
            names = self.by_type[trigger]
            names[revision.name].remove(definition)
            if not names[revision.name]:
                del names[revision.name]
            if not names:
                del self.by_type[trigger]
