"""From the bytes of rule files to a rulebook and every problem in them. Touches no disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.definitions import Rulebook
from orchestrator.document import read_document
from orchestrator.rulefile.loops import refuse_loops
from orchestrator.rulefile.naming import name_rules
from orchestrator.rulefile.parts import Form, Part
from orchestrator.rulefile.revision import digest
from orchestrator.rulefile.rules import Draft, read_rule
from orchestrator.rulefile.unsent import warn_of_unsent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orchestrator.core.definitions import MessageContract, Rule
    from orchestrator.core.problem import Position, Problem
    from orchestrator.core.scheduled import ScheduledRule
    from orchestrator.core.stateful import StatefulRule
    from orchestrator.rulefile.messages import MessageCatalog

_FILE = Form(
    what="a rule file",
    keys=("rules", "workflows"),
    elsewhere={},
    synonyms={"rule": "rules"},
)
_RULE_KEYS = frozenset({"when", "then"})


@dataclass(frozen=True, slots=True)
class _RuleFile:
    """What was read of one file: its rules, what its YAML lacks, and what its rules lack."""

    drafts: Sequence[Draft]
    yaml_problems: Sequence[Problem]
    rule_problems: Sequence[Problem]

    @property
    def problems(self) -> Iterator[Problem]:
        """All of them, without what only follows from disputed YAML at the same place."""
        disputed = {problem.position for problem in self.yaml_problems}
        yield from self.yaml_problems
        yield from (found for found in self.rule_problems if found.position not in disputed)


def read_rules(
    files: Iterable[tuple[str, bytes | str]], catalog: MessageCatalog
) -> tuple[Rulebook | None, list[Problem]]:
    """Build the rulebook of a set of files.

    Args:
        files: name and content of each; the names appear in positions and in default rule names.
        catalog: the message types that rules may name.

    Returns:
        The rulebook, or None if there is any error, and every problem of every file by position.
        Warnings alone do not refuse a rulebook.
    """
    read = [_read_file(name, text, catalog) for name, text in files]
    named = name_rules(draft for file in read for draft in file.drafts)
    refuse_loops(named)
    warn_of_unsent([draft for _, draft in named], catalog)
    problems = sorted((found for file in read for found in file.problems), key=_place)
    if any(problem.level == "error" for problem in problems):
        return None, problems
    rules = [draft.finished(name) for name, draft in named if draft.enabled]
    return _rulebook(rules, catalog), problems


def _place(problem: Problem) -> tuple[str, int, int]:
    position: Position = problem.position
    return position.file, position.line, position.column


def _read_file(name: str, text: bytes | str, catalog: MessageCatalog) -> _RuleFile:
    document, yaml_problems = read_document(text, name)
    if document is None:
        return _RuleFile((), yaml_problems, ())
    problems: list[Problem] = []
    root = Part(document, (), document.value, problems)
    drafts = [read_rule(part, catalog) for part in _rule_parts(root)]
    return _RuleFile([draft for draft in drafts if draft], yaml_problems, problems)


def _rule_parts(root: Part) -> Iterator[Part]:
    match root.value:
        case list():
            yield from root.items()
        case dict() as keys if _RULE_KEYS.intersection(keys):
            root.refuse("a rule file is a list: put `- ` before the first key of each rule")
        case dict():
            yield from _listed_rules(root)
        case _:
            root.refuse(f"a rule file is a list of rules, not {root.kind}")


def _listed_rules(root: Part) -> Iterator[Part]:
    entries = root.entries(_FILE)
    if workflows := entries.get("workflows"):
        workflows.refuse_key("workflows are not available in this version: remove them")
    rules = entries.get("rules")
    if rules is None:
        if not workflows:
            root.refuse("this file has no `rules`: list them there, or write the list alone")
    elif isinstance(rules.value, list):
        yield from rules.items()
    else:
        rules.refuse(f"`rules` is {rules.kind}: write a list, each rule after `- `")


def _rulebook(
    rules: Sequence[Rule | StatefulRule | ScheduledRule], catalog: MessageCatalog
) -> Rulebook:
    wanted = {event_type for rule in rules for event_type in rule.triggers}
    contracts: dict[str, MessageContract] = dict(catalog.types)
    for event_type in sorted(wanted):
        if contract := catalog.event(event_type):
            contracts[event_type] = contract
    return Rulebook(
        revision=digest(catalog.revision, *(rule.revision for rule in rules)),
        definitions=tuple(rules),
        contracts=contracts,
    )
