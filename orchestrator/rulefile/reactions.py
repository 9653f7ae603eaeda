"""Reads the rest of a rule that decides on one event alone. Knows no memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.definitions import Rule
from orchestrator.rulefile.actions import ReadAction, read_actions
from orchestrator.rulefile.formulas import Repetition, read_condition, read_repetition
from orchestrator.rulefile.guards import whole_guard
from orchestrator.rulefile.names import Readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.expression import Expression
    from orchestrator.rulefile.content import Heading
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.triggers import When

MEMORY_KEYS = ("within", "by", "otherwise")
"""What only rules that remember have."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """A rule without a memory, as it was read.

    Attributes:
        when: the events, of which any will do.
        condition: its own ``if``.
        guard: that and the conditions of its events.
        repetition: its own ``for_each``.
        actions: what it sends.
        texts: the expressions as they are written, by their key.
    """

    when: When
    condition: Expression | None
    guard: Expression | None
    repetition: Repetition
    actions: list[ReadAction]
    texts: Mapping[str, object]

    @property
    def triggers(self) -> tuple[str, ...]:
        """The event types, without repetition."""
        return self.when.types

    @property
    def unconditional(self) -> frozenset[str]:
        """The event types of which any one is enough, whatever it holds."""
        if self.texts["if"] is not None or self.repetition.items is not None:
            return frozenset()
        return self.when.unconditional

    @property
    def definition(self) -> dict[str, object]:
        """Normalised, without name and description: what the revision is made of."""
        return {
            "when": [read.definition for read in self.when.elements],
            **self.texts,
            "as": self.repetition.item_name,
            "then": [read.definition for read in self.actions],
        }

    @property
    def needs_name(self) -> str | None:
        """Why a name that follows from the file would not do; None where it does."""
        if any(read.action.after for read in self.actions):
            return "a rule that sends later"
        return None

    def finished(self, heading: Heading) -> Rule:
        """Return the rule under its heading."""
        return Rule(
            name=heading.name,
            revision=heading.revision,
            description=heading.description,
            triggers=self.triggers,
            guard=self.guard,
            actions=tuple(read.action for read in self.actions),
            for_each=self.repetition.items,
            item_name=self.repetition.item_name,
            position=heading.position,
        )


def read_reaction(entries: Mapping[str, Part], when: When, catalog: MessageCatalog) -> Reaction:
    """Return a rule without a memory. What had to be refused is left out."""
    for key in MEMORY_KEYS:
        if key in entries:
            entries[key].refuse_key(
                f"`{key}` is for rules that remember events, such as `when: {{all: [A, B]}}`: "
                "remove it"
            )
    repetition = read_repetition(entries, Readable(when.data))
    condition = read_condition(entries.get("if"), Readable(when.data))
    then = entries.get("then")
    return Reaction(
        when=when,
        condition=condition,
        guard=whole_guard(condition, when),
        repetition=repetition,
        actions=read_actions(then, catalog, repetition.readable) if then else [],
        texts={key: entries[key].value if key in entries else None for key in ("if", "for_each")},
    )
