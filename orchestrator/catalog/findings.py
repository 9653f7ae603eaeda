"""A document under examination: its parts by path, and what is wrong with them. Knows no format."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from orchestrator.core.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from orchestrator.core.problem import Level
    from orchestrator.document import Document, Path

_EXTENSION = "x-"
_INDEX = re.compile("[0-9]{1,9}")


class Findings:
    """Reads one document part by part and collects every problem on the way.

    Attributes:
        document: what is examined.
        problems: in the order they were found.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def report(self, path: Path, message: str, level: Level = "error") -> None:
        """Note a problem with the value at `path`; what is missing stands at its parent."""
        self.problems.append(Problem(self.document.position(path), message, level))

    def report_key(self, path: Path, message: str, level: Level = "error") -> None:
        """Note a problem with the last key of `path`."""
        self.problems.append(Problem(self.document.key_position(path), message, level))

    @property
    def has_errors(self) -> bool:
        """Whether anything worse than a warning was found."""
        return any(problem.level == "error" for problem in self.problems)

    def has(self, path: Path) -> bool:
        """Return whether there is anything at `path`."""
        try:
            self.value(path)
        except LookupError:
            return False
        return True

    def value(self, path: Path) -> object:
        """Return what is at `path`.

        Raises:
            LookupError: there is nothing.
        """
        node = self.document.value
        for step in path:
            node = _step(node, step)
        return node

    def text(self, path: Path) -> str | None:
        """Return the text at `path`, None if there is nothing; report anything else."""
        value = self.value(path) if self.has(path) else None
        if value is None or isinstance(value, str):
            return value
        self.report(path, f"{name_of(path)} must be text: put it in quotes")
        return None

    def mapping(self, path: Path) -> Mapping[str, object]:
        """Return the mapping at `path`, empty if there is nothing; report anything else."""
        value = self.value(path) if self.has(path) and self.is_mapping(path) else None
        return value if isinstance(value, dict) else {}

    def is_mapping(self, path: Path) -> bool:
        """Return whether there is a mapping at `path`; report anything else."""
        if isinstance(self.value(path), dict):
            return True
        self.report(path, f"{name_of(path)} must be a mapping")
        return False

    def entries(self, path: Path) -> list[Path]:
        """Return the paths of the entries of the mapping at `path`."""
        return [(*path, key) for key in self.mapping(path)]

    def items(self, path: Path) -> list[Path]:
        """Return the paths of the items of the list at `path`; report anything but a list."""
        value = self.value(path) if self.has(path) else []
        if isinstance(value, list):
            return [(*path, index) for index in range(len(value))]
        self.report(path, f"{name_of(path)} must be a list")
        return []

    def check_keys(self, path: Path, known: Collection[str]) -> None:
        """Report every key at `path` that is neither `known` nor an extension."""
        for key in self.mapping(path):
            if key in known or (key.startswith(_EXTENSION) and not suggest(key, known)):
                continue
            hint = suggest(key, known) or f"; the keys here are {', '.join(sorted(known))}"
            self.report_key((*path, key), f'unknown key "{key}"{hint}')

    def require(self, path: Path, *keys: str) -> None:
        """Report each of `keys` that is missing from the mapping at `path`."""
        for key in keys:
            if key not in self.mapping(path):
                self.report(path, f'{name_of(path)} has no "{key}": add it')

    def resolve(self, path: Path) -> Path | None:
        """Follow the local references at `path` to what they stand for; None if they lead nowhere.

        A reference that leads nowhere is reported where all references are, not here.
        """
        seen: set[Path] = set()
        while path not in seen and self.has(path):
            seen.add(path)
            pointer = self.pointer(path)
            if pointer is None:
                return path
            target = self.target(pointer)
            if target is None:
                return None
            path = target
        return None

    def pointer(self, path: Path) -> str | None:
        """Return what the reference at `path` says; None if there is no reference."""
        value = self.value(path)
        pointer = value.get("$ref") if isinstance(value, dict) else None
        return pointer if isinstance(pointer, str) else None

    def target(self, pointer: str) -> Path | None:
        """Return the path that a reference such as ``#/components/schemas/Person`` stands for.

        Returns None for a reference that is not local. There may be nothing at the path.
        """
        if not pointer.startswith("#/"):
            return None
        path: Path = ()
        for step in pointer[2:].split("/"):
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            in_list = self.has(path) and isinstance(self.value(path), list)
            path = (*path, int(name) if in_list and _INDEX.fullmatch(name) else name)
        return path


def _step(node: object, step: str | int) -> object:
    if isinstance(node, list) and isinstance(step, int):
        return node[step]
    if isinstance(node, dict) and isinstance(step, str):
        return node[step]
    raise LookupError(step)


def suggest(name: str, known: Collection[str]) -> str:
    """Return ``: did you mean "x"?`` for the known name most like `name`, or nothing."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f': did you mean "{near[0]}"?' if near else ""


def name_of(path: Path) -> str:
    """Return what to call the value at `path` in a message: the last key that leads to it."""
    names = [step for step in path if isinstance(step, str)]
    return f'"{names[-1]}"' if names else "the document"
