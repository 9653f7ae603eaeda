"""Checks that every reference in a document leads somewhere in it. Knows no other part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.catalog.findings import suggest
from orchestrator.catalog.keywords import HOLDS_MAPPING

if TYPE_CHECKING:
    from orchestrator.catalog.findings import Findings
    from orchestrator.document import Path

_DATA = frozenset({"examples", "const", "enum", "default"})
"""What stands under these keys is data, where a ``$ref`` is no reference ..."""

_NAMED = frozenset((keyword,) for keyword in HOLDS_MAPPING)
"""... except under these, where keys are names that the author chose."""


def check_references(findings: Findings, path: Path = ()) -> None:
    """Report every reference at or below `path` that is not local or leads nowhere."""
    value = findings.value(path)
    if isinstance(value, list):
        for item in findings.items(path):
            check_references(findings, item)
    if not isinstance(value, dict):
        return
    pointer = value.get("$ref")
    if isinstance(pointer, str):
        _check_reference(findings, path, pointer)
    for key in value:
        if key not in _DATA or path[-1:] in _NAMED:
            check_references(findings, (*path, key))


def _check_reference(findings: Findings, path: Path, pointer: str) -> None:
    target = findings.target(pointer)
    if target is None:
        findings.report(
            (*path, "$ref"),
            f'"{pointer}" is no place in this file, and nothing else is read: copy it under '
            '"components" and refer to "#/components/..."',
        )
    elif not findings.has(target):
        parent = _names_at(findings, target[:-1])
        hint = suggest(str(target[-1]), parent) or ": it counts from the top of the file"
        findings.report((*path, "$ref"), f'there is nothing at "{pointer}"{hint}')
    elif findings.resolve(path) is None:
        findings.report((*path, "$ref"), f'"{pointer}" leads back to itself')


def _names_at(findings: Findings, path: Path) -> list[str]:
    value = findings.value(path) if findings.has(path) else None
    return list(value) if isinstance(value, dict) else []
