"""From the bytes of rule files to a rulebook and every problem in them. Touches no disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.definitions import Rulebook
from orchestrator.document import read_document
from orchestrator.rulefile.collector import paused
from orchestrator.rulefile.loops import refuse_loops
from orchestrator.rulefile.naming import name_rules
from orchestrator.rulefile.parts import Form, Part
from orchestrator.rulefile.revision import digest
from orchestrator.rulefile.rules import Draft, read_rule
from orchestrator.rulefile.texts import recalled, texts_of
from orchestrator.rulefile.together import warn_together
from orchestrator.rulefile.workflows.reading import read_workflow
from orchestrator.rulefile.workflows.runs import refuse_runs
from orchestrator.rulefile.workflows.templates import (
    find_templates,
    is_template,
    warn_of_unused,
)
from orchestrator.rulefile.workflows.workflow import ReadWorkflow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from orchestrator.core.definitions import MessageContract
    from orchestrator.core.problem import Position, Problem
    from orchestrator.core.retired import Revision
    from orchestrator.rulefile.content import Finished
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.workflows.templates import Template

_FILE = Form(
    what="a rule file",
    keys=("rules", "workflows"),
    elsewhere={},
    synonyms={"rule": "rules"},
)
_RULE_KEYS = frozenset({"when", "then"})


@dataclass(frozen=True, slots=True)
class _RuleFile:
    """What is written in one file, what its YAML lacks, and what its rules lack."""

    rules: Sequence[Part]
    workflows: Sequence[Part]
    yaml_problems: Sequence[Problem]
    rule_problems: Sequence[Problem]


@paused()
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
    read = [_read_file(name, text) for name, text in files]
    written = [part for file in read for part in file.workflows]
    templates = find_templates(written)
    named = name_rules(_drafts(read, templates, catalog))
    refuse_runs(_workflows(named), _not_run(written, named, templates))
    refuse_loops(named)
    problems = _problems(read, templates)
    if any(problem.level == "error" for problem in problems):
        return None, problems
    warn_together(named, catalog)
    warn_of_unused(templates.values())
    problems = _problems(read, templates)
    rules = [(draft, draft.finished(name)) for name, draft in named if draft.enabled]
    return _rulebook([rule for _, rule in rules], texts_of(rules, templates), catalog), problems


def _problems(files: Sequence[_RuleFile], templates: Mapping[str, Template]) -> list[Problem]:
    """Return all problems by position, without what only follows from disputed YAML there."""
    disputed = [problem for file in files for problem in file.yaml_problems]
    found = [problem for file in files for problem in file.rule_problems]
    found += [problem for template in templates.values() for problem in template.problems]
    places = {problem.position for problem in disputed}
    told = [problem for problem in dict.fromkeys(found) if problem.position not in places]
    return sorted([*disputed, *told], key=_place)


def _place(problem: Problem) -> tuple[str, int, int]:
    position: Position = problem.position
    return position.file, position.line, position.column


def _read_file(name: str, text: bytes | str) -> _RuleFile:
    document, yaml_problems = read_document(text, name)
    if document is None:
        return _RuleFile((), (), yaml_problems, ())
    problems: list[Problem] = []
    rules, workflows = _listed(Part(document, (), document.value, problems))
    return _RuleFile(rules, workflows, yaml_problems, problems)


def _drafts(
    files: Sequence[_RuleFile], templates: Mapping[str, Template], catalog: MessageCatalog
) -> Iterator[Draft]:
    """Yield the rules of every file, then its workflows."""
    for file in files:
        drafts = [read_rule(part, catalog) for part in file.rules]
        drafts += [
            read_workflow(part, templates, catalog)
            for part in file.workflows
            if not is_template(part)
        ]
        yield from (draft for draft in drafts if draft is not None)


def _workflows(named: Sequence[tuple[str, Draft]]) -> dict[str, ReadWorkflow]:
    return {
        name: draft.content
        for name, draft in named
        if draft.enabled and isinstance(draft.content, ReadWorkflow)
    }


def _not_run(
    written: Sequence[Part], named: Sequence[tuple[str, Draft]], templates: Mapping[str, Template]
) -> dict[str, str]:
    """Return why workflows that are written cannot be run; nothing where they were refused."""
    names = [part.all_entries().get("name") for part in written]
    read = [(name, draft) for name, draft in named if isinstance(draft.content, ReadWorkflow)]
    switched_off = [name for name, draft in read if not draft.enabled]
    return {
        **{str(name.value): "" for name in names if name},
        **dict.fromkeys(switched_off, "is switched off: leave out `enabled: false` there"),
        **dict.fromkeys(templates, "is a template: run a workflow that fills it in"),
    }


def _listed(root: Part) -> tuple[list[Part], list[Part]]:
    """Return the rules of a file, and its workflows."""
    match root.value:
        case list():
            return list(root.items()), []
        case {"steps": _}:
            root.refuse("a workflow stands in a list, after `- `: put it under `workflows:`")
        case dict() as keys if _RULE_KEYS.intersection(keys):
            root.refuse("a rule file is a list: put `- ` before the first key of each rule")
        case dict():
            entries = root.entries(_FILE)
            if not entries:
                root.refuse("this file has no `rules`: list them there, or write the list alone")
            return _items(entries.get("rules"), "rule"), _items(
                entries.get("workflows"), "workflow"
            )
        case _:
            root.refuse(f"a rule file is a list of rules, not {root.kind}")
    return [], []


def _items(part: Part | None, each: str) -> list[Part]:
    if part is not None and not isinstance(part.value, list):
        part.refuse(f"`{part.key}` is {part.kind}: write a list, each {each} after `- `")
    return list(part.items()) if part else []


def _rulebook(
    rules: Sequence[Finished], texts: Mapping[Revision, str], catalog: MessageCatalog
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
        texts=texts,
        recall=lambda revision, text: recalled(revision, text, catalog),
    )
