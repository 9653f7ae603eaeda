"""Reads the parameters of templates, and what others give for them. Fills in nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.document import quoted
from orchestrator.rulefile.parts import nearest
from orchestrator.rulefile.workflows.forms import PARAMETER_FORM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.rulefile.parts import Part

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPES: Final[Mapping[str, tuple[tuple[type, ...], str]]] = {
    "string": ((str,), "write a text, a number in quotes"),
    "number": ((int, float), "write a number, without quotes"),
    "boolean": ((bool,), "write true or false"),
    "list": ((list,), "write a list such as [a, b]"),
    "mapping": ((dict,), "write a mapping such as {a: 1}"),
    "any": ((str, int, float, bool, list, dict, type(None)), ""),
}
"""What a parameter can be: the values that fit, and how to write one."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a template says of a parameter.

    Attributes:
        kind: one of the types.
        default: its value where none is given; None where one must be.
    """

    kind: str
    default: Part | None


def read_parameters(part: Part) -> dict[str, Parameter]:
    """Return the ``parameters`` of a template, by name."""
    if not isinstance(part.value, dict):
        part.refuse(f"`parameters` is {part.kind}: write each with its type: {{days: string}}")
    for name, declaration in part.all_entries().items():
        if not _NAME.fullmatch(name):
            declaration.refuse_key(
                f"{quoted(name)} cannot name a parameter: use letters, digits and _, a letter first"
            )
    return {name: _read_parameter(name, each) for name, each in part.all_entries().items()}


def read_values(
    given: Part | None, declared: Mapping[str, Parameter], named: Part
) -> dict[str, object] | None:
    """Return the value of every parameter; None where one had to be refused.

    Args:
        given: the ``parameters`` beside ``template``.
        declared: those of the template.
        named: where the template is named.
    """
    if given is not None and not isinstance(given.value, dict):
        given.refuse("`parameters` takes a mapping such as {days: 2d}")
        return None
    found = given.all_entries() if given else {}
    _refuse_unknown(found, declared, named)
    complete = found.keys() <= declared.keys()
    values: dict[str, object] = {}
    for name, parameter in declared.items():
        part = found.get(name, parameter.default)
        if part is None:
            (given or named).refuse(
                f"template {quoted(str(named.value))} needs the parameter {quoted(name)}: give it "
                "under `parameters`"
            )
            complete = False
        else:
            complete = (name not in found or _fits(part, name, parameter.kind)) and complete
            values[name] = part.value
    return values if complete else None


def _read_parameter(name: str, declaration: Part) -> Parameter:
    if not isinstance(declaration.value, dict):
        return Parameter(_read_kind(declaration, "a parameter has a type: write"), None)
    entries = declaration.entries(PARAMETER_FORM)
    kind, default = entries.get("type"), entries.get("default")
    found = _read_kind(kind, "`type` takes") if kind else "any"
    if default is not None:
        _fits(default, name, found)
    return Parameter(found, default)


def _read_kind(part: Part, instead: str) -> str:
    if isinstance(part.value, str) and part.value in _TYPES:
        return part.value
    part.refuse(f"{instead} one of {', '.join(_TYPES)}")
    return "any"


def _refuse_unknown(
    found: Mapping[str, Part], declared: Mapping[str, Parameter], named: Part
) -> None:
    for name in [name for name in found if name not in declared]:
        meant = nearest(name, tuple(declared))
        there_is = f"did you mean {meant}?" if meant else f"it has {', '.join(declared) or 'none'}"
        found[name].refuse_key(
            f"template {quoted(str(named.value))} has no parameter {quoted(name)}: {there_is}"
        )


def _fits(part: Part, name: str, kind: str) -> bool:
    """Tell whether a value is one of its parameter; refuse it where it is not."""
    types, instead = _TYPES[kind]
    fits = isinstance(part.value, types)
    if isinstance(part.value, bool):
        fits = kind in {"boolean", "any"}
    if not fits:
        part.refuse(f"parameter {quoted(name)} is a {kind}, and this is {part.kind}: {instead}")
    return fits
