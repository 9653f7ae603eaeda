"""Fills in workflows that are written once with parameters. Compiles nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import orjson

from orchestrator.core.problem import Problem
from orchestrator.document import quoted
from orchestrator.rulefile.parts import nearest
from orchestrator.rulefile.workflows.forms import WORKFLOW_FORM
from orchestrator.rulefile.workflows.parameters import read_parameters, read_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from orchestrator.core.problem import Position
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.workflows.parameters import Parameter

_MENTION = re.compile(r"\$\{\s*parameters\.([^{}]*?)\s*\}")
_OWN = ("name", "description", "enabled", "template", "parameters")


@dataclass(frozen=True, slots=True)
class Template:
    """A workflow that only stands for others.

    Attributes:
        part: where it stands.
        entries: what it says for those that fill it in.
        parameters: by name.
        unclear: where it is wrong whoever fills it in, so that nothing else is told there.
        uses: who fills it in, each with what is wrong with it then.
    """

    part: Part
    entries: Mapping[str, Part]
    parameters: Mapping[str, Parameter]
    unclear: frozenset[Position]
    uses: list[tuple[Part, list[Problem]]] = field(default_factory=list)

    @property
    def problems(self) -> Iterator[Problem]:
        """What is wrong where it is filled in: each told once, with who does so."""
        entries: dict[Problem, list[Part]] = {}
        for entry, problems in self.uses:
            for problem in dict.fromkeys(problems):
                entries.setdefault(problem, []).append(entry)
        for problem, parts in entries.items():
            if problem.position not in self.unclear:
                yield replace(problem, message=f"{problem.message} ({_filled_in_by(parts)})")


def is_template(part: Part) -> bool:
    """Tell whether a workflow only stands for others: it has parameters and fills in none."""
    return (
        isinstance(part.value, dict) and "parameters" in part.value and "template" not in part.value
    )


def find_templates(parts: Iterable[Part]) -> dict[str, Template]:
    """Return the templates among workflows, by name; those without one are refused."""
    found: dict[str, Template] = {}
    for part in parts:
        if is_template(part):
            template, name = _read_template(part), part.all_entries().get("name")
            if name is None:
                part.refuse("this template has no `name`: others name it in `template`")
                continue
            text = name.text("write a name such as styling")
            if text in found:
                name.refuse(f"template {quoted(str(text))} is already there: change it")
            elif text:
                found[text] = template
    return found


def filled_in(part: Part, templates: Mapping[str, Template]) -> dict[str, Part] | None:
    """Return the entries of a workflow; those of its template with its parameters filled in.

    What the workflow says itself stands before what its template says. None where the template
    cannot be told.
    """
    own = part.entries(WORKFLOW_FORM)
    named = own.pop("template", None)
    if named is None:
        return own
    template = _find(named, templates)
    if template is None:
        return None
    problems: list[Problem] = []
    template.uses.append((part, problems))
    values = read_values(own.pop("parameters", None), template.parameters, named)
    if values is None:
        return None
    document = template.part.document.read_as(partial(_original, values))
    inherited = {
        key: replace(
            entry,
            document=document,
            value=_substituted(entry.value, values),
            problems=problems,
        )
        for key, entry in template.entries.items()
    }
    return inherited | own


def warn_of_unused(templates: Iterable[Template]) -> None:
    """Warn of templates that nothing fills in: nothing of them runs, or is checked."""
    for template in templates:
        if not template.uses:
            template.part.refuse(
                "no workflow fills in this template, so nothing of it runs: name it in the "
                "`template` of one, or remove it",
                "warning",
            )


def _read_template(part: Part) -> Template:
    declared = part.entries(WORKFLOW_FORM)
    entries = {key: entry for key, entry in declared.items() if key not in _OWN}
    parameters = read_parameters(declared["parameters"])
    unclear = _check_mentions(declared["parameters"], entries.values())
    return Template(part, entries, parameters, frozenset(unclear))


def _check_mentions(parameters: Part, entries: Iterable[Part]) -> list[Position]:
    """Refuse what nobody can give, and return where; warn of what is nowhere filled in."""
    declared = parameters.all_entries()
    mentions = [mention for entry in entries for mention in _mentions(entry)]
    unclear: list[Position] = []
    for name, text, position in mentions:
        if name not in declared:
            meant = nearest(name, tuple(declared))
            there_is = f"did you mean {meant}?" if meant else "name it there, with its type"
            message = f"`parameters` has no {quoted(name)}: {there_is}"
            text.problems.append(Problem(position, message))
            unclear += [position, text.position]
    for name in declared.keys() - {name for name, _, _ in mentions}:
        message = f"nothing uses the parameter {quoted(name)}: remove it"
        declared[name].refuse_key(message, "warning")
    return unclear


def _mentions(part: Part) -> Iterator[tuple[str, Part, Position]]:
    """Yield the parameters that are to be filled in, each with its text and its place in it."""
    if isinstance(part.value, str):
        for found in _MENTION.finditer(part.value):
            offset = part.value.index("parameters", found.start())
            yield found[1], part, part.document.locate(part.path, offset)
    for inner in (*part.items(), *part.all_entries().values()):
        yield from _mentions(inner)


def _find(named: Part, templates: Mapping[str, Template]) -> Template | None:
    if isinstance(named.value, str) and named.value in templates:
        return templates[named.value]
    name = named.text("name a workflow that has `parameters`")
    if name is not None:
        meant = nearest(name, tuple(templates))
        there_is = f"did you mean {meant}?" if meant else "a template has `parameters` of its own"
        named.refuse(f"there is no template {quoted(name)}: {there_is}")
    return None


def _substituted(value: object, values: Mapping[str, object]) -> object:
    match value:
        case str():
            return _text(value, values)
        case list():
            return [_substituted(item, values) for item in value]
        case dict():
            return {key: _substituted(item, values) for key, item in value.items()}
        case _:
            return value


def _text(text: str, values: Mapping[str, object]) -> object:
    """Fill in a text; one that is nothing but a parameter keeps the parameter's kind."""
    whole = _MENTION.fullmatch(text)
    if whole and whole[1] in values:
        return values[whole[1]]
    return _MENTION.sub(
        lambda found: _written(values[found[1]]) if found[1] in values else found[0], text
    )


def _original(values: Mapping[str, object], text: str, index: int) -> int:
    """Return where a character of a text that was filled in comes from: see `Document.read_as`."""
    read = end = 0
    for found in _MENTION.finditer(text):
        if found[1] in values:
            begin = read + found.start() - end
            if index < begin:
                break
            read, end = begin + len(_written(values[found[1]])), found.end()
            if index < read:
                return found.start()
    return end + index - read


def _written(value: object) -> str:
    """Return a value as it stands in expressions, and in text: ``true``, ``null``, ``[1,2]``."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _filled_in_by(entries: Sequence[Part]) -> str:
    """Say who fills a template in; the first of them by name."""
    first, name = entries[0], entries[0].all_entries().get("name")
    who = f"{quoted(name.value)} at " if name and isinstance(name.value, str) else ""
    more = f" and {len(entries) - 1} more" if len(entries) > 1 else ""
    return f"filled in by {who}{first.position}{more}"
