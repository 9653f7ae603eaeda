"""Reads ``for``: the rows of a parametrised case, and puts their values into it. Plays nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.core.expression import compile_template
from orchestrator.core.problem import Problem
from orchestrator.document import quoted, shown
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.expression import Template
    from orchestrator.rulefile.parts import Part

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FOR = "for"
_NAMED = 3
_INSTEAD = "write a list of mappings, such as `- {amount: 5, sent: false}`"


@dataclass(frozen=True, slots=True)
class Row:
    """A case with the values of one row in it.

    Attributes:
        part: the case.
        number: which row, from 1; 0 for a case without rows.
        is_named: whether the case's name tells the row apart.
    """

    part: Part
    number: int = 0
    is_named: bool = False


def read_rows(case: Part) -> Iterator[Row]:
    """Yield the case once for every row of its ``for``; as it is if it has none."""
    if not isinstance(case.value, dict) or _FOR not in case.value:
        yield Row(case)
        return
    rows = case.all_entries()[_FOR]
    names = _names(rows)
    template = _template(case, names) if names else None
    if template is None:
        return
    is_named = "${" in str(case.value.get("name"))
    for number, row in enumerate(rows.items(), start=1):
        value = _filled(case, row, template)
        if value is not None:
            yield Row(replace(case, value=value), number, is_named)


def _names(rows: Part) -> frozenset[str]:
    """Return what the rows call their values; nothing where that had to be refused."""
    if not isinstance(rows.value, list) or not rows.value:
        rows.refuse(f"`for` is {'empty' if rows.value == [] else rows.kind}: {_INSTEAD}")
        return frozenset()
    parts = list(rows.items())
    first = frozenset(parts[0].all_entries())
    fine = True
    for part in parts:
        fine = _is_row(part, first) and fine
    return first if fine else frozenset()


def _is_row(part: Part, first: frozenset[str]) -> bool:
    entries = part.all_entries()
    if not entries:
        part.refuse(f"a row cannot be {part.kind}: {_INSTEAD}")
        return False
    wrong = [entry for name, entry in entries.items() if not _NAME.fullmatch(name)]
    for entry in wrong:
        entry.refuse_key(
            f"{quoted(entry.key)} cannot name a value: use letters, digits and _, a letter first"
        )
    if wrong:
        return False
    if entries.keys() != first:
        part.refuse(f"every row needs the same names: this one differs in {_odd(entries, first)}")
    return entries.keys() == first


def _odd(entries: dict[str, Part], first: frozenset[str]) -> str:
    odd = sorted(first.symmetric_difference(entries))
    more = " and others" if len(odd) > _NAMED else ""
    return ", ".join(shown(name) for name in odd[:_NAMED]) + more


def _template(case: Part, names: frozenset[str]) -> Template | None:
    value = {key: entry.value for key, entry in case.all_entries().items() if key != _FOR}
    failures: list[ExpressionError] = []
    try:
        return compile_template(
            value,
            lambda path, offset: case.document.locate((*case.path, *path), offset),
            roots=names,
            on_error=failures.append,
        )
    except ExpressionError:
        for failure in failures:
            position = failure.position or case.position
            case.problems.append(Problem(position, failure.message))
        return None


def _filled(case: Part, row: Part, template: Template) -> object:
    try:
        return template({name: entry.value for name, entry in row.all_entries().items()})
    except ExpressionError as error:
        case.problems.append(Problem(error.position or row.position, error.message))
        return None
