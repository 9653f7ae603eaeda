"""Fills in workflows that are written once with parameters. Compiles nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.document import quoted
from orchestrator.rulefile.parts import nearest
from orchestrator.rulefile.workflows.forms import PARAMETER_FORM, WORKFLOW_FORM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.rulefile.parts import Part

_PARAMETER = re.compile(r"\$\{\s*parameters\.([A-Za-z_][A-Za-z0-9_]*)\s*\}")
_OWN = ("name", "description", "enabled", "template", "parameters")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "mapping": (dict,),
    "any": (str, int, float, bool, list, dict, type(None)),
}


def is_template(part: Part) -> bool:
    """Tell whether a workflow only stands for others: it has parameters and fills in none."""
    return (
        isinstance(part.value, dict) and "parameters" in part.value and "template" not in part.value
    )


def find_templates(parts: list[Part]) -> dict[str, Part]:
    """Return the templates among workflows, by name; those without one are refused."""
    found: dict[str, Part] = {}
    for part in parts:
        if is_template(part):
            name = part.all_entries().get("name")
            if name is None:
                part.refuse("this template has no `name`: others name it in `template`")
                continue
            text = name.text("write a name such as styling")
            if text in found:
                name.refuse(f"template {quoted(str(text))} is already there: change it")
            elif text:
                found[text] = part
    return found


def filled_in(part: Part, templates: Mapping[str, Part]) -> dict[str, Part] | None:
    """Return the entries of a workflow; those of its template with its parameters filled in.

    What the workflow says itself stands before what its template says. None where the template
    cannot be told.
    """
    own = part.entries(WORKFLOW_FORM)
    named = own.get("template")
    if named is None:
        return own
    template = _find(named, templates)
    if template is None:
        return None
    declared = template.entries(WORKFLOW_FORM)
    values = _values(own.get("parameters"), declared["parameters"], named)
    if values is None:
        return None
    inherited = {
        key: replace(entry, value=_substituted(entry.value, values))
        for key, entry in declared.items()
        if key not in _OWN
    }
    _warn_of_unused(declared, values)
    own = {key: entry for key, entry in own.items() if key not in {"template", "parameters"}}
    return inherited | own


def _find(named: Part, templates: Mapping[str, Part]) -> Part | None:
    if isinstance(named.value, str) and named.value in templates:
        return templates[named.value]
    name = named.text("name a workflow that has `parameters`")
    if name is not None:
        meant = nearest(name, tuple(templates))
        there_is = f"did you mean {meant}?" if meant else "it is a workflow with `parameters`"
        named.refuse(f"there is no template {quoted(name)}: {there_is}")
    return None


def _values(given: Part | None, declared: Part, named: Part) -> dict[str, object] | None:
    """Return the value of every parameter; None where one had to be refused."""
    if given is not None and not isinstance(given.value, dict):
        given.refuse("`parameters` takes a mapping such as {days: 2d}")
        return None
    wanted = declared.all_entries()
    found = given.all_entries() if given else {}
    complete = True
    values: dict[str, object] = {}
    for name in found.keys() - wanted.keys():
        meant = nearest(name, tuple(wanted))
        there_is = f"did you mean {meant}?" if meant else f"it has {', '.join(wanted)}"
        found[name].refuse_key(
            f"template {quoted(str(named.value))} has no parameter {quoted(name)}: {there_is}"
        )
        complete = False
    for name, declaration in wanted.items():
        kind, default = _declared(declaration)
        if name in found:
            complete = _fits(found[name], kind) and complete
            values[name] = found[name].value
        elif default is not None:
            values[name] = default.value
        else:
            (given or named).refuse(
                f"template {quoted(str(named.value))} needs the parameter {quoted(name)}: give it "
                "under `parameters`"
            )
            complete = False
    return values if complete else None


def _declared(declaration: Part) -> tuple[str, Part | None]:
    """Return the type of a parameter and its default."""
    if not isinstance(declaration.value, dict):
        if not _is_type(declaration):
            declaration.refuse(f"a parameter has a type: write one of {', '.join(_TYPES)}")
            return "any", None
        return str(declaration.value), None
    entries = declaration.entries(PARAMETER_FORM)
    kind = entries.get("type")
    if kind is not None and not _is_type(kind):
        kind.refuse(f"`type` takes one of {', '.join(_TYPES)}")
        kind = None
    return str(kind.value) if kind else "any", entries.get("default")


def _is_type(part: Part) -> bool:
    return isinstance(part.value, str) and part.value in _TYPES


def _fits(part: Part, kind: str) -> bool:
    fits = isinstance(part.value, _TYPES[kind])
    if isinstance(part.value, bool):
        fits = kind in {"boolean", "any"}
    if not fits:
        part.refuse(f"parameter {quoted(part.key)} is a {kind}, and this is {part.kind}")
    return fits


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
    whole = _PARAMETER.fullmatch(text)
    if whole and whole[1] in values:
        return values[whole[1]]
    return _PARAMETER.sub(
        lambda found: str(values[found[1]]) if found[1] in values else found[0], text
    )


def _warn_of_unused(declared: Mapping[str, Part], values: Mapping[str, object]) -> None:
    used = {name for entry in declared.values() for name in _used(entry.value)}
    for name in values.keys() - used:
        part = declared["parameters"].all_entries()[name]
        part.refuse_key(f"nothing uses the parameter {quoted(name)}: remove it", "warning")


def _used(value: object) -> set[str]:
    match value:
        case str():
            return set(_PARAMETER.findall(value))
        case list():
            return {name for item in value for name in _used(item)}
        case dict():
            return {name for item in value.values() for name in _used(item)}
        case _:
            return set()
