"""A rule as a text of its own, to be compiled again when its file says something else. No disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.retired import Recalled, Revision
from orchestrator.core.scheduled import ScheduledRule
from orchestrator.document import read_document, write_document
from orchestrator.errors import InvalidDefinitions
from orchestrator.rulefile.content import Heading
from orchestrator.rulefile.parts import Part
from orchestrator.rulefile.rules import Draft, read_rule
from orchestrator.rulefile.workflows.reading import read_workflow
from orchestrator.rulefile.workflows.templates import find_templates, is_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.core.problem import Problem
    from orchestrator.rulefile.content import Finished
    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.workflows.templates import Template


def texts_of(
    rules: Iterable[tuple[Draft, Finished]], templates: Mapping[str, Template]
) -> dict[Revision, str]:
    """Return the texts of the definitions that remember, by their revisions.

    A schedule keeps none: its ticks are run by the rule as it is then.

    Args:
        rules: as they were read, and finished.
        templates: of all files; a text holds the one it fills in.
    """
    return {
        Revision(rule.name, rule.revision): _text(draft, templates)
        for draft, rule in rules
        if rule.stateful and not isinstance(rule, ScheduledRule)
    }


def _text(draft: Draft, templates: Mapping[str, Template]) -> str:
    value = draft.part.value
    if not isinstance(value, dict) or ("steps" not in value and "template" not in value):
        return write_document({"rules": [value]})
    named = value.get("template")
    template = templates.get(named) if isinstance(named, str) else None
    return write_document({"workflows": [*([template.part.value] if template else []), value]})


def recalled(revision: Revision, text: str, catalog: MessageCatalog) -> Recalled:
    """Compile what `texts_of` wrote, with the message types there are today.

    The definition keeps the revision it was written under, however it would be counted today.

    Raises:
        InvalidDefinitions: it cannot be compiled any more, and why.
    """
    document, problems = read_document(text, f"{revision.name}@{revision.revision}")
    found: list[Problem] = []
    draft = None
    if document is not None:
        root = Part(document, (), document.value, found)
        draft = _draft(root, catalog)
        if draft is None and not found:
            root.refuse("this text does not hold just one rule or workflow")
    errors = [problem for problem in (*problems, *found) if problem.level == "error"]
    if draft is None or errors:
        raise InvalidDefinitions(errors)
    heading = Heading(*revision, draft.description, draft.part.position)
    definition = draft.content.finished(heading)
    contracts = {
        event_type: contract
        for event_type in definition.triggers
        if (contract := catalog.event(event_type)) is not None
    }
    return Recalled(definition, contracts)


def _draft(root: Part, catalog: MessageCatalog) -> Draft | None:
    """Return the one rule or workflow of a text that is no template."""
    match root.value:
        case {"rules": [_]}:
            (rule,) = root.all_entries()["rules"].items()
            return read_rule(rule, catalog)
        case {"workflows": list()}:
            return _workflow(list(root.all_entries()["workflows"].items()), catalog)
        case _:
            return None


def _workflow(workflows: Sequence[Part], catalog: MessageCatalog) -> Draft | None:
    entries = [part for part in workflows if not is_template(part)]
    if len(entries) != 1:
        return None
    (entry,) = entries
    templates = find_templates(workflows)
    draft = read_workflow(entry, templates, catalog)
    for template in templates.values():
        entry.problems.extend(template.problems)
    return draft
