"""Reads YAML strictly, from parser events, with limits. Knows nothing of what a file is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from orchestrator.core.problem import Position, Problem
from orchestrator.document.scalars import plain_value, quoted, shown
from orchestrator.document.syntax import explain
from orchestrator.document.tree import LINE_BREAK, Document, Node

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"
_NOT_YAML = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read, so that no file can exhaust the process.

    Attributes:
        size_bytes: of the file.
        depth: of nesting; a text in a list in a mapping is at depth 2.
        nodes: keys, values and collections together.
    """

    size_bytes: int = 1024 * 1024
    depth: int = 32
    nodes: int = 100_000


LIMITS = Limits()


def read_document(
    text: bytes | str, file: str, limits: Limits = LIMITS
) -> tuple[Document | None, list[Problem]]:
    """Read one YAML file.

    Args:
        text: the content.
        file: the name that positions carry.
        limits: how much to read.

    Returns:
        The document and every problem, in the order of the file. The document is None when the
        text could not be read to its end. A document beside problems is for finding more problems
        only: each disputed value in it stands as the text it is.
    """
    source, problem = _decode(text, file, limits)
    if problem is not None:
        return None, [problem]
    reader = _Reader(source, file, limits)
    root = reader.read()
    return (Document(file, source, root) if root else None), reader.problems


def _decode(text: bytes | str, file: str, limits: Limits) -> tuple[str, Problem | None]:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(raw) > limits.size_bytes:
        message = f"the file is larger than {limits.size_bytes} bytes: split it"
        return "", Problem(Position(file, 1, 1), message)
    try:
        # The parser does not count a byte order mark, so it must not be in the source either.
        source = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig")
        message = f"byte 0x{raw[error.start]:02X} is not UTF-8: save the file as UTF-8"
        return "", Problem(_position(file, before, len(before)), message)
    if found := _NOT_YAML.search(source):
        message = (
            f'character U+{ord(found[0]):04X} is not allowed: remove it, or write "\\u....", '
            "escaped in double quotes"
        )
        return "", Problem(_position(file, source, found.start()), message)
    return source, None


def _position(file: str, source: str, index: int) -> Position:
    lines = LINE_BREAK.split(source[:index])
    return Position(file, len(lines), len(lines[-1]) + 1)


class _Stopped(Exception):
    """The rest of the file is not read: the problem that says so is already noted."""


class _Reader:
    """Builds nodes from parser events and notes what is wrong with them."""

    def __init__(self, source: str, file: str, limits: Limits) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._file = file
        self._limits = limits
        self._events: Iterator[yaml.Event] = yaml.parse(source, Loader=_LOADER)
        self._nodes = 0

    def read(self) -> Node | None:
        """Return the root, or None if the end was not reached."""
        try:
            return self._stream()
        except _Stopped:
            return None
        except yaml.MarkedYAMLError as error:
            index, message = explain(error, self._source)
            self.problems.append(Problem(_position(self._file, self._source, index), message))
            return None

    def _stream(self) -> Node | None:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            message = "the file is empty: write something in it, or delete it"
            self.problems.append(Problem(Position(self._file, 1, 1), message))
            return None
        root = self._node(next(self._events), 0)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._note(event, "a second document begins here: one file, one document; split it")
        return root

    def _node(self, event: yaml.Event, depth: int, *, is_key: bool = False) -> Node:
        self._count(event, depth)
        match event:
            case yaml.AliasEvent():
                alias = f"*{event.anchor}"
                self._note(event, f"alias {shown(alias)} is not allowed: write the value out")
                return _node(event, alias)
            case yaml.ScalarEvent():
                node = self._scalar(event, is_key=is_key)
            case yaml.SequenceStartEvent():
                node = self._sequence(event, depth)
            case _:
                node = self._mapping(event, depth)
        self._refuse_properties(event)
        return node

    def _count(self, event: yaml.Event, depth: int) -> None:
        self._nodes += 1
        if depth > self._limits.depth:
            self._stop(event, f"nested deeper than {self._limits.depth} levels: flatten it")
        if self._nodes > self._limits.nodes:
            self._stop(event, f"more than {self._limits.nodes} values: split the file")

    def _refuse_properties(self, event: yaml.Event) -> None:
        if (anchor := getattr(event, "anchor", None)) is not None:
            self._note(event, f"anchor &{shown(anchor)} is not allowed: remove it")
        if (tag := getattr(event, "tag", None)) is not None:
            self._note(
                event,
                f"{quoted(tag)} is a YAML tag, which is not allowed: if it is part of the text, "
                "put the whole value in quotes, or on the next line after `|`",
            )

    def _scalar(self, event: yaml.ScalarEvent, *, is_key: bool) -> Node:
        if event.style or event.tag is not None or (is_key and event.value == _MERGE):
            return _node(event, event.value)
        value, dispute = plain_value(event.value)
        if dispute:
            self._note(event, dispute.as_key() if is_key else dispute.as_value())
        return _node(event, value)

    def _sequence(self, event: yaml.SequenceStartEvent, depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(child := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(child, depth + 1))
        node = _node(event, [item.value for item in items])
        node.children = items
        return node

    def _mapping(self, event: yaml.Event, depth: int) -> Node:
        entries: dict[str, tuple[Node, Node]] = {}
        while not isinstance(child := next(self._events), yaml.MappingEndEvent):
            key = self._node(child, depth + 1, is_key=True)
            usable = self._is_key(child, key) and not self._is_duplicate(entries, key)
            value = self._node(next(self._events), depth + 1)
            if usable:
                entries[str(key.value)] = key, value
        node = _node(event, {name: value.value for name, (_, value) in entries.items()})
        node.children = entries
        return node

    def _is_key(self, event: yaml.Event, key: Node) -> bool:
        if not isinstance(event, yaml.ScalarEvent):
            braces = isinstance(event, yaml.MappingStartEvent) and event.flow_style
            instead = 'write a template as "${...}"' if braces else "quote it, or use a list"
            self._note(event, f"a key must be text: {instead}")
            return False
        if event.value == _MERGE and not event.style:
            self._note(event, "merge key << is not allowed: write the entries out")
            return False
        if not isinstance(key.value, str):
            self._note(event, f"a key must be text: write {quoted(event.value)}")
            return False
        return True

    def _is_duplicate(self, entries: dict[str, tuple[Node, Node]], key: Node) -> bool:
        first = entries.get(str(key.value))
        if first is None:
            return False
        message = f"key {quoted(str(key.value))} is already on line {first[0].line + 1}: keep one"
        self._note_at(key, message)
        return True

    def _note(self, event: yaml.Event, message: str) -> None:
        self._note_at(_node(event, None), message)

    def _note_at(self, node: Node, message: str) -> None:
        position = Position(self._file, node.line + 1, node.column + 1)
        self.problems.append(Problem(position, message))

    def _stop(self, event: yaml.Event, message: str) -> None:
        self._note(event, message)
        raise _Stopped


def _node(event: yaml.Event, value: object) -> Node:
    start, end = event.start_mark, event.end_mark
    assert start is not None  # noqa: S101 (both parsers mark every event; the type stubs do not say)
    assert end is not None  # noqa: S101
    return Node(
        value=value,
        line=start.line,
        column=start.column,
        start=start.index,
        end=end.index,
        style=getattr(event, "style", None) or None,
    )
