"""Makes a schema complete in itself: what it refers to is carried along. Checks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.catalog.keywords import DIALECT, HOLDS_LIST, HOLDS_MAPPING, HOLDS_ONE

if TYPE_CHECKING:
    from orchestrator.catalog.findings import Findings
    from orchestrator.catalog.model import Schema
    from orchestrator.document import Path

_DEFINITIONS = "$defs"


def bundle(findings: Findings, root: Path) -> Schema | None:
    """Return the schema at `root` with everything it refers to under ``$defs``.

    A schema that only refers to another is replaced by it. A reference to nothing stays one, so
    that the result does not compile. Returns None if there is no schema at `root`.
    """
    bundler = _Bundler(findings)
    schema = bundler.copy(_root_schema(findings, root))
    definitions = bundler.definitions()
    if not isinstance(schema, dict):
        return schema if isinstance(schema, bool) else None
    return {"$schema": DIALECT, **schema, **({_DEFINITIONS: definitions} if definitions else {})}


def _root_schema(findings: Findings, root: Path) -> object:
    schema = findings.value(root)
    pointer = findings.pointer(root)
    target = findings.target(pointer) if pointer and schema == {"$ref": pointer} else None
    return findings.value(target) if target and findings.has(target) else schema


class _Bundler:
    """Copies schemas and remembers which others they need."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._names: dict[Path, str] = {}
        self._pending: list[Path] = []

    def definitions(self) -> dict[str, object]:
        """Return all schemas that were referred to, by name, but those that are not there."""
        found: dict[str, object] = {}
        while self._pending:
            path = self._pending.pop()
            if self._findings.has(path):
                found[self._names[path]] = self.copy(self._findings.value(path))
        return dict(sorted(found.items()))

    def copy(self, schema: object) -> object:
        """Return `schema` with its references, at any depth, leading into ``$defs``."""
        if not isinstance(schema, dict):
            return schema
        return {
            keyword: self._copy_value(keyword, value)
            for keyword, value in schema.items()
            if keyword != _DEFINITIONS
        }

    def _copy_value(self, keyword: str, value: object) -> object:
        if keyword == "$ref" and isinstance(value, str):
            return self._refer(value)
        if keyword in HOLDS_ONE:
            return self.copy(value)
        if keyword in HOLDS_LIST and isinstance(value, list):
            return [self.copy(item) for item in value]
        if keyword in HOLDS_MAPPING and isinstance(value, dict):
            return {name: self.copy(item) for name, item in value.items()}
        return value

    def _refer(self, pointer: str) -> str:
        target = self._findings.target(pointer)
        if target is None:  # outside the file: it stays, and the offline validator refuses it
            return pointer
        if target not in self._names:
            self._names[target] = self._new_name(str(target[-1]))
            self._pending.append(target)
        name = self._names[target]
        return f"#/{_DEFINITIONS}/" + name.replace("~", "~0").replace("/", "~1")

    def _new_name(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self._names.values():
            number += 1
            name = f"{wanted}-{number}"
        return name
